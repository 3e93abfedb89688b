"""Notebooks as JupyterLab on this computer would save them, so that it does not mark one as changed by opening it."""

import platform

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager


class Notebooks(AsyncLargeFileManager):
    """The usual files, but for the version of Python in a notebook: the one that runs here."""

    async def get(self, path, *args, **options):
        model = await super().get(path, *args, **options)
        if model["type"] == "notebook" and model["content"] and "language_info" in model["content"].metadata:
            model["content"].metadata.language_info.version = platform.python_version()
        return model
