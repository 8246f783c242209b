"""Checks what is in packaging/ without building or running it.

Usage: packaging_files.py ROOT...

The Dockerfile is read with `dockerfile-parse`, the Kubernetes objects by the schemas of the API (`kubernetes-validate`), the
systemd units by `systemd-analyze` where it is there, and as text where it is not. Prints the problems of each root as JSON.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import kubernetes_validate
import yaml
from dockerfile_parse import DockerfileParser

INSTRUCTIONS = {"ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "FROM", "LABEL", "RUN", "USER", "WORKDIR"}
KUBERNETES = "1.31"
# On a scale to 10, below 3 is called OK by systemd itself.
EXPOSURE = 2.0
# What is started by a schedule.
COMMANDS = ["maintain", "run"]


def dockerfile(root):
    """Problems of the Dockerfile."""
    with open(root / "packaging/Dockerfile", "rb") as file:
        steps = [step for step in DockerfileParser(fileobj=file).structure if step["instruction"] != "COMMENT"]
    stages, last, copied, user = [], {}, [], None
    ignored = (root / "packaging/Dockerfile.dockerignore").read_text().split()
    taken = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    for step in steps:
        name, words = step["instruction"], step["value"].split()
        if name not in INSTRUCTIONS:
            yield f"unknown instruction `{name}`"
        if name == "FROM":
            image = words[0]
            if image not in {*stages, "scratch"} and (":" not in image or image.endswith(":latest")):
                yield f"the image `{image}` has no version"
            stages.append(words[2] if len(words) == 3 and words[1].upper() == "AS" else None)
            last, user = {}, None
        elif name == "COPY":
            source = next((word.removeprefix("--from=") for word in words if word.startswith("--from=")), None)
            paths = [word for word in words if not word.startswith("--")][:-1]
            if source is None:
                for path in paths:
                    if not (root / path).exists():
                        yield f"COPY: there is no `{path}`"
                    if path not in taken:
                        yield f"COPY: `{path}` is left out by Dockerfile.dockerignore"
                copied += paths
            elif source not in stages:
                yield f"COPY: there is no stage `{source}`"
        elif name == "USER":
            user = words[0]
        last[name] = f"{last.get(name, '')} {step['value']}".strip() if name in {"ENV", "RUN"} else step["value"]
        if name == "RUN" and re.search(r"\b(cargo|maturin) build\b", step["value"]):
            yield from built(root, step["value"], last)
    if len(stages) < 2:
        yield "the image holds what it was built with"
    if user is None or user.split(":")[0] in {"0", "root"}:
        yield "the program runs as root"
    for name in ("ENTRYPOINT", "CMD"):
        try:
            json.loads(last.get(name, ""))
        except ValueError:
            yield f"{name} is no list, and there is no shell to read it"
    built_here = re.findall(r"cargo build\b.*?--profile (\S+)", " ".join(step["value"] for step in steps if step["instruction"] == "RUN"))
    handed_over = " ".join(step["value"] for step in steps if step["instruction"] == "COPY" and "--from" in step["value"])
    if not any(f"/target/{profile}/goldsmith" in handed_over for profile in built_here):
        yield "what is built is not what is copied"
    for member in tomllib.loads((root / "Cargo.toml").read_text())["workspace"]["members"]:
        if member.split("/")[0] not in copied:
            yield f"the member `{member}` of the workspace is not copied"


def built(root, build, stage):
    """Problems of a step that builds the program or the wheel, in a stage with these values of its instructions so far."""
    profile = re.search(r"--profile (\S+)", build)
    if profile is None or profile.group(1) not in tomllib.loads((root / "Cargo.toml").read_text())["profile"]:
        yield "no profile of Cargo.toml is built"
    flags = stage.get("ENV", "")
    if "--remap-path-prefix=" not in flags:
        yield "the program names the directories that it was built in"
    # Of the linkers for Linux, lld alone knows how to fold; only x86-64 has it without asking.
    if "--icf=" in flags and ("-fuse-ld=lld" not in flags or not re.search(r"apt-get install\b[^&]*\blld\b", stage["RUN"])):
        yield "functions are folded by a linker that may not be there"
    if "maturin build" in build:
        # What pyproject.toml says keeps the versions of Cargo.lock.
        if "--compatibility" not in build:
            yield "the name of the wheel depends on where it is built"
    elif "--locked" not in build:
        yield "the versions of Cargo.lock are not kept"


def kubernetes(root):
    """Problems of the Kubernetes objects."""
    objects = {}
    for path in sorted((root / "packaging/kubernetes").glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            try:
                kubernetes_validate.validate(document, KUBERNETES, strict=True)
            except kubernetes_validate.ValidationError as error:
                yield f"{path.name}: {document.get('kind')}: {error.message}"
            objects[document["kind"], document["metadata"]["name"]] = document
    with open(root / "packaging/Dockerfile") as file:
        user = re.search(r"^USER (\d+)", file.read(), re.MULTILINE)
    commands, images = [], set()
    for (kind, name), document in objects.items():
        if kind != "CronJob":
            continue
        for problem in cron_job(document["spec"], objects, user):
            yield f"{name}: {problem}"
        for container in document["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]:
            commands.append(container["args"][-1])
            images.add(container["image"])
    if sorted(commands) != COMMANDS:
        yield f"CronJobs: {sorted(commands)} are started, not {COMMANDS}"
    if len(images) > 1:
        yield f"CronJobs: {sorted(images)} are different images"


def cron_job(cron, objects, user):
    """Problems of a CronJob, among these objects, of an image with this user."""
    if cron.get("concurrencyPolicy") != "Forbid":
        yield "runs on one target at once"
    job = cron["jobTemplate"]["spec"]
    if "activeDeadlineSeconds" not in job or "backoffLimit" not in job:
        yield "no deadline or no number of retries"
    pod = job["template"]["spec"]
    if pod.get("securityContext", {}).get("runAsNonRoot") is not True:
        yield "may run as root"
    if user is None or pod.get("securityContext", {}).get("runAsUser") != int(user.group(1)):
        yield "not the user of the image"
    volumes = {volume["name"]: volume for volume in pod.get("volumes", [])}
    for container in pod["containers"]:
        context = container.get("securityContext", {})
        if context.get("readOnlyRootFilesystem") is not True or context.get("allowPrivilegeEscalation") is not False:
            yield "the container may change its image or gain privileges"
        if context.get("capabilities", {}).get("drop") != ["ALL"]:
            yield "the container keeps capabilities"
        if not {"requests", "limits"} <= set(container.get("resources", {})):
            yield "no requests or limits"
        for source in container.get("envFrom", []):
            for kind, key in (("Secret", "secretRef"), ("ConfigMap", "configMapRef")):
                if key in source and (kind, source[key]["name"]) not in objects:
                    yield f"there is no {kind} `{source[key]['name']}`"
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in volumes:
                yield f"there is no volume `{mount['name']}`"
    for volume in volumes.values():
        if "configMap" in volume and ("ConfigMap", volume["configMap"]["name"]) not in objects:
            yield f"there is no ConfigMap `{volume['configMap']['name']}`"
    if ("ServiceAccount", pod.get("serviceAccountName")) not in objects:
        yield f"there is no ServiceAccount `{pod.get('serviceAccountName')}`"


def systemd(root):
    """Problems of the units, as they are and with the drop-in."""
    directory = root / "packaging/systemd"
    drop_in = directory / "own-user.conf"
    services, timers = sorted(directory.glob("*.service")), sorted(directory.glob("*.timer"))
    names = {unit.stem for unit in services}
    for unit in [*services, *timers, drop_in]:
        section = None
        for number, line in enumerate(unit.read_text().splitlines(), 1):
            if re.fullmatch(r"\[[A-Z][a-z]+\]", line):
                section = line
            elif line and not line.startswith("#") and (section is None or not re.match(r"[A-Z][A-Za-z]+=", line)):
                yield f"{unit.name}:{number}: neither a section nor a setting"
    for unit in timers:
        if unit.stem not in names:
            yield f"{unit.name}: there is no service of this name"
    texts = [unit.read_text() for unit in services]
    commands = sorted(re.findall(r"^ExecStart=/usr/local/bin/goldsmith .* (\S+)$", "\n".join(texts), re.MULTILINE))
    if commands != COMMANDS:
        yield f"services: {commands} are started, not {COMMANDS}"
    # systemd gives the directory of the lake to the user of the unit that starts, which takes it from another one.
    if len({(*re.findall(r"^User=.*$", text, re.MULTILINE),) for text in [*texts, drop_in.read_text()]}) > 1:
        yield "services: not the same user"
    if shutil.which("systemd-analyze") is None:
        return
    for with_drop_in in (False, True):
        for problem in analysed([*services, *timers], drop_in if with_drop_in else None):
            yield f"{problem}, with {drop_in.name}" if with_drop_in else problem


def analysed(units, drop_in):
    """What systemd says of the units, with the drop-in when there is one."""
    with tempfile.TemporaryDirectory() as directory:
        # The program is not installed here, and its place is asked for.
        for unit in units:
            text = unit.read_text().replace("/usr/local/bin/goldsmith", "/bin/true")
            Path(directory, unit.name).write_text(text)
            if drop_in is not None and unit.suffix == ".service":
                Path(directory, f"{unit.name}.d").mkdir()
                shutil.copy(drop_in, Path(directory, f"{unit.name}.d"))
        paths = [str(Path(directory, unit.name)) for unit in units]
        verified = subprocess.run(["systemd-analyze", "verify", "--man=no", *paths], capture_output=True, text=True)
        # Units of the machine itself are looked at as well, and are none of ours.
        said = [line.removeprefix(f"{directory}/") for line in verified.stderr.splitlines() if "goldsmith" in line]
        if said or verified.returncode != 0:
            yield "; ".join(said) or verified.stderr.strip()
        for unit in units:
            if unit.suffix != ".service":
                continue
            command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(Path(directory, unit.name))]
            rated = subprocess.run(command, capture_output=True, text=True).stdout
            level = re.search(r"exposure level for \S+: ([\d.]+)", rated)
            if level is None or float(level.group(1)) > EXPOSURE:
                yield f"{unit.name}: exposed, {level.group(1) if level else rated}"


def problems(root):
    return [f"{check.__name__}: {problem}" for check in (dockerfile, kubernetes, systemd) for problem in check(root)]


if __name__ == "__main__":
    print(json.dumps([problems(Path(root)) for root in sys.argv[1:]]))
