"""What the WebUI loads: the script, and what is registered beside it."""

from hopping.webui.hosts import find_host

if find_host() is None:
    print(
        "Hopping sequence stays off: this WebUI offers no access to its text encoders. It works in "
        "AUTOMATIC1111's WebUI, Forge, Forge Neo, reForge and forge-classic."
    )
else:
    from hopping.webui import api, generation_data, settings, tab
    from hopping.webui.script import HoppingScript as HoppingScript

    generation_data.register()
    settings.register()
    api.register()
    tab.register()
