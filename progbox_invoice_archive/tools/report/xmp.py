"""What a PDF says about itself: the XMP packet and the info dictionary, alike."""

import re
from datetime import datetime
from typing import NamedTuple

from markupsafe import Markup

# what XML 1.0 cannot hold
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
FACTUR_X_VERSION = "1.0"


class About(NamedTuple):
    """What is said about a file.

    :param title: what it is
    :param author: who issued it
    :param creator: the program in which it was written
    :param producer: the program that made the PDF of it
    :param made_on: naive UTC datetime
    """

    title: str
    author: str
    creator: str
    producer: str
    made_on: datetime


class FacturX(NamedTuple):
    """The e-invoice that is attached.

    :param name: of the attached file
    :param level: MINIMUM, BASIC WL, BASIC, EN 16931 or EXTENDED
    """

    name: str
    level: str


PACKET = Markup(
    """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
   <pdfaid:part>3</pdfaid:part>
   <pdfaid:conformance>B</pdfaid:conformance>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
   <dc:format>application/pdf</dc:format>
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
   <dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">
   <pdf:Producer>{producer}</pdf:Producer>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/">
   <xmp:CreatorTool>{creator}</xmp:CreatorTool>
   <xmp:CreateDate>{date}</xmp:CreateDate>
   <xmp:ModifyDate>{date}</xmp:ModifyDate>
  </rdf:Description>{factur_x}
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
)
# The names, and the description of them that PDF/A asks for, as Factur-X gives them.
FACTUR_X = Markup(
    """
  <rdf:Description rdf:about=""
    xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
    xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"
    xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
   <pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
    <pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>
    <pdfaSchema:namespaceURI>{namespace}</pdfaSchema:namespaceURI>
    <pdfaSchema:prefix>fx</pdfaSchema:prefix>
    <pdfaSchema:property><rdf:Seq>{properties}
    </rdf:Seq></pdfaSchema:property>
   </rdf:li></rdf:Bag></pdfaExtension:schemas>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:fx="{namespace}">
   <fx:ConformanceLevel>{level}</fx:ConformanceLevel>
   <fx:DocumentFileName>{name}</fx:DocumentFileName>
   <fx:DocumentType>INVOICE</fx:DocumentType>
   <fx:Version>{version}</fx:Version>
  </rdf:Description>"""
)
NAMESPACE = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
PROPERTY = Markup(
    """
     <rdf:li rdf:parseType="Resource">
      <pdfaProperty:name>{name}</pdfaProperty:name>
      <pdfaProperty:valueType>Text</pdfaProperty:valueType>
      <pdfaProperty:category>external</pdfaProperty:category>
      <pdfaProperty:description>{text}</pdfaProperty:description>
     </rdf:li>"""
)
PROPERTIES = {
    "DocumentFileName": "name of the embedded XML invoice file",
    "DocumentType": "INVOICE",
    "Version": "The actual version of the Factur-X XML schema",
    "ConformanceLevel": "The conformance level of the embedded Factur-X data",
}


def packet(about, factur_x=None):
    """The XMP of a PDF/A-3b, as bytes.

    :param factur_x: a :class:`FacturX`, if one is attached
    """
    said = about._asdict() | {"date": about.made_on.strftime("%Y-%m-%dT%H:%M:%S+00:00")}
    texts = {name: _clean(str(text)) for name, text in said.items()}
    extension = _extension(factur_x) if factur_x else ""
    return PACKET.format(**texts, factur_x=extension).encode()


def info(about):
    """The same as the entries of an info dictionary."""
    date = pdf_date(about.made_on)
    return {
        "/Title": _clean(about.title),
        "/Author": _clean(about.author),
        "/Creator": _clean(about.creator),
        "/Producer": _clean(about.producer),
        "/CreationDate": date,
        "/ModDate": date,
    }


def pdf_date(moment):
    """A naive UTC datetime as PDF writes it."""
    return moment.strftime("D:%Y%m%d%H%M%S+00'00'")


def _extension(factur_x):
    properties = Markup().join(
        PROPERTY.format(name=name, text=text) for name, text in PROPERTIES.items()
    )
    return FACTUR_X.format(
        **factur_x._asdict(),
        namespace=NAMESPACE,
        properties=properties,
        version=FACTUR_X_VERSION,
    )


def _clean(text):
    """Without what no XML can hold, and with the spaces that a reader would leave."""
    return " ".join(NO_XML.sub("", text).split())
