"""The studio's page: stories in the browser without a WebUI. The rooms, in the order data goes:

blocks.py         the components, and which answers which
answers.py        what a click does: plan, generate, cancel, open, strips
desk.py           one pipeline, one worker, one job after another
result_html.py    what has come out so far, as HTML
server.py         the page, its scripts and the runs' files over HTTP, and nothing else
"""
