"""A validator that is not ours: Preflight, of Apache PDFBox, which Debian has.

It knows PDF/A-1b only. Part 3 asks for the same, but for what it allows besides: files
inside, transparency, and fonts without a list of their characters.
"""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

JARS = [
    Path(f"/usr/share/java/{name}.jar")
    for name in (
        "preflight",
        "pdfbox2",
        "fontbox2",
        "xmpbox",
        "commons-logging",
        "javax.activation",
        "jaxb-api",
    )
]
IS_THERE = bool(shutil.which("javac")) and all(jar.exists() for jar in JARS)
WHAT_IS_MISSING = "needs a JDK, libpdfbox2-java, libactivation-java, libjaxb-api-java"
ALLOWED_IN_PART_3 = re.compile(
    r"1\.2\.9 .*EmbeddedFile entry"
    r"|1\.4\.7 .*EmbeddedFile entry"
    r"|2\.2\.2 .*Soft Mask"
    r"|3\.1\.11 .*CIDSet entry is missing"
    r"|4\.1\.[12] Transparency error, (?:ca|CA|SMask) entry"
    r"|7\.11\.2 .*part must be 1\b"
)
SMALL = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
JAVA = """
import java.io.File;
import org.apache.pdfbox.preflight.PreflightDocument;
import org.apache.pdfbox.preflight.ValidationResult.ValidationError;
import org.apache.pdfbox.preflight.exception.SyntaxValidationException;
import org.apache.pdfbox.preflight.parser.PreflightParser;
public class Validate {
    public static void main(String[] names) throws Exception {
        for (String name : names) {
            PreflightParser parser = new PreflightParser(new File(name));
            parser.parse();
            try (PreflightDocument document = parser.getPreflightDocument()) {
                document.validate();
                for (ValidationError error : document.getResult().getErrorsList()) {
                    String text = error.getErrorCode() + " " + error.getDetails();
                    System.out.println(text.replaceAll("\\\\s+", " "));
                }
            }
            System.out.println("done");
        }
    }
}
"""


def validation_errors(*contents):
    """Return, for each PDF, what keeps it from being a PDF/A-3b."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "Validate.java"
        program.write_text(JAVA)
        files = []
        for number, content in enumerate(contents):
            files.append(Path(folder) / f"{number}.pdf")
            files[-1].write_bytes(content)
        path = ":".join(map(str, JARS))
        answer = subprocess.run(
            ["java", *SMALL, "-cp", path, program, *files],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    found = [errors.splitlines() for errors in answer.split("done\n")]
    assert len(found) == len(contents) + 1, answer
    return [
        [error for error in errors if not ALLOWED_IN_PART_3.match(error)]
        for errors in found[:-1]
    ]
