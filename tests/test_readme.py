"""The README's table of options is the code's; `python -m tests.test_readme` writes it."""

from pathlib import Path

from hopping import HoppingOptions

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- options -->\n", "<!-- /options -->\n"


def options_table() -> str:
    lines = ["| option | default | values | what it does |", "|---|---|---|---|"]
    for row in HoppingOptions.rows():
        help_text = row.help.replace("|", "\\|").replace("<", "&lt;")
        lines.append(f"| `{row.name}` | {row.format(row.default)} | {row.allowed} | {help_text} |")
    lines += ["", "| preset | sets |", "|---|---|"]
    for name, values in HoppingOptions.PRESETS.items():
        pairs = [f"`{key}={HoppingOptions.row(key).format(v)}`" for key, v in values.items()]
        lines.append(f"| {name} | {', '.join(pairs) or 'every default'} |")
    return "\n".join(lines) + "\n"


def test_the_readmes_table_is_the_codes():
    text = README.read_text("utf-8")
    table = text.split(BEGIN)[1].split(END)[0]
    assert table == options_table(), "run: python -m tests.test_readme"


def test_the_readmes_pictures_exist():
    import re

    text = README.read_text("utf-8")
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)
    assert pictures
    assert all((README.parent / picture).is_file() for picture in pictures)


if __name__ == "__main__":
    head, rest = README.read_text("utf-8").split(BEGIN)
    README.write_text(head + BEGIN + options_table() + END + rest.split(END)[1], "utf-8")
