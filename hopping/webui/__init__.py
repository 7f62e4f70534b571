"""The extension for AUTOMATIC1111's WebUI and its kin: the only place that imports `modules`."""
