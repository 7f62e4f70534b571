"""What the WebUI loads: the script, and what is registered beside it."""

from hopping.webui import api, axes, infotext, settings, tab
from hopping.webui.script import HoppingScript as HoppingScript

axes.register()
infotext.register()
settings.register()
api.register()
tab.register()
