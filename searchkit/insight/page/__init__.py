"""The parts of the page that shows a map: its markup, style and script."""
