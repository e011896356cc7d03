"""How Spark's Java programs are started in tests: fast rather than well optimised, for they live some seconds only.

Half of such a program's time goes into loading the same ten thousand classes. Java keeps them in an archive, made once:
https://docs.oracle.com/en/java/javase/17/docs/specs/man/java.html#application-class-data-sharing
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.servers.node import installed

LIGHT = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"

# What the tests' own programs do, so that its classes are those that they need.
PROGRAM = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.range(1).selectExpr("length(repeat('x', cast(9 + id as int))) as n").collect()
spark.stop()
"""


def options(spark_home: Path, environment: Mapping[str, str]) -> str:
    """For each of Spark's Java programs. Where the archive does not fit, Java goes without."""
    archive = _archive(spark_home, environment)
    return f"{LIGHT} -XX:SharedArchiveFile={archive} -Xlog:disable -Xlog:all=error" if archive.exists() else LIGHT


def _archive(spark_home: Path, environment: Mapping[str, str]) -> Path:
    java = subprocess.run(["java", "-version"], capture_output=True, check=True).stderr
    made = max(file.stat().st_mtime_ns for file in (spark_home / "jars").iterdir())  # Java compares them as well
    key = hashlib.sha256(b"%b %d" % (java, made)).hexdigest()[:8]
    return installed(f"spark-classes-{key}", lambda folder: _keep(folder, spark_home, environment)) / "classes.jsa"


def _keep(folder: Path, spark_home: Path, environment: Mapping[str, str]) -> None:
    program = folder / "program.py"
    program.write_text(PROGRAM, "utf-8")
    line = [
        "bash",
        str(spark_home / "bin" / "spark-submit"),
        "--master",
        "local[1]",
        "--conf",
        "spark.ui.enabled=false",
    ]
    line += ["--driver-java-options", f"{LIGHT} -XX:ArchiveClassesAtExit={folder / 'classes.jsa'}", str(program)]
    with suppress(subprocess.SubprocessError):  # then there is none, and all is as slow as it was
        subprocess.run(
            line, env={**os.environ, **environment}, cwd=folder, check=True, capture_output=True, timeout=300
        )
