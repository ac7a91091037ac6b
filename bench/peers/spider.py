"""Hands each URL of a list to Scrapy's files pipeline, as an item of its own."""

import pathlib

import scrapy


class ListSpider(scrapy.Spider):
    name = "list"
    custom_settings = {
        "ITEM_PIPELINES": {"scrapy.pipelines.files.FilesPipeline": 1},
        "LOG_LEVEL": "WARNING",
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
    }

    def __init__(self, path):
        super().__init__()
        self.start_urls = [pathlib.Path(path).as_uri()]

    def parse(self, response):
        for url in response.text.splitlines():
            yield {"file_urls": [url]}
