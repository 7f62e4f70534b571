"""Run by the WebUI at its start. Nothing is installed: the host brings all that is needed."""
