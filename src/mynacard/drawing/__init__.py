"""Pictures of measurements, as SVG and in pages that load and run nothing."""

from mynacard.drawing.parts import colours, escaped
from mynacard.drawing.pictures import Bar, histogram, lines, page, timeline

__all__ = ["Bar", "colours", "escaped", "histogram", "lines", "page", "timeline"]
