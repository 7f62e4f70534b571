"""What the WebUI loads: the script, and what is registered beside it."""

from hopping.webui.hosts import find_host, has_schedulers

if find_host() is None:
    print(
        "Hopping sequence stays off: this WebUI offers no access to its text encoders. It works in "
        "AUTOMATIC1111's WebUI, Forge, reForge and forge-classic."
    )
else:
    from hopping.webui import api, axes, infotext, settings
    from hopping.webui.script import HoppingScript as HoppingScript

    axes.register()
    infotext.register()
    settings.register()
    api.register()
    if has_schedulers():  # without them, in forge-classic, a page has other samplers than ours
        from hopping.webui import tab

        tab.register()
