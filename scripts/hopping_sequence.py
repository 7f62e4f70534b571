"""What the WebUI loads: the script, and what is registered beside it."""

from hopping.webui import axes, infotext, settings
from hopping.webui.script import HoppingScript as HoppingScript

axes.register()
infotext.register()
settings.register()
