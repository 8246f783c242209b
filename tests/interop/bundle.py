"""Validates the Databricks asset bundle without a workspace.

Usage: bundle.py ROOT...

Files are put together as the Databricks CLI does it (`include`, `targets`, tasks and the like merged by their key), every
resource of every target is read by the typed models of the package `databricks-bundles`, and all references are resolved:
files, `${var...}`, `${resources...}`, job parameters and keys between tasks. Parameters of the wheel are held against those that it
has. Prints the problems of each root as JSON.
"""

import ast
import json
import re
import sys
from pathlib import Path

import yaml
from databricks.bundles.jobs import Job
from databricks.bundles.schemas import Schema
from databricks.bundles.volumes import Volume

MODELS = {"jobs": Job, "schemas": Schema, "volumes": Volume}

# Keys of databricks.yml and of a target, and of a variable (databricks.com, "Databricks Asset Bundle configuration").
TOP = {"artifacts", "bundle", "experimental", "include", "permissions", "presets", "resources", "run_as", "scripts", "sync",
       "targets", "variables", "workspace"}
TARGET = {"artifacts", "bundle", "default", "git", "mode", "permissions", "presets", "resources", "run_as", "sync", "variables",
          "workspace"}
VARIABLE = {"default", "description", "lookup", "type"}
# Lists of which the CLI merges the items with one key; others are joined.
MERGED_BY = {"tasks": "task_key", "job_clusters": "job_cluster_key", "environments": "environment_key", "parameters": "name"}
# What a resource knows only once it is deployed, and what the CLI provides.
BUILT_IN = {"bundle.name", "bundle.target", "workspace.current_user.userName", "workspace.root_path", "workspace.file_path"}

# What the wheel of this repository takes. It is not installed here, so that its source is read.
WHEEL = Path(__file__).parents[2] / "python/goldsmith/_parameters.py"

REFERENCE = re.compile(r"\$\{([^}]+)\}")
JOB_PARAMETER = re.compile(r"\{\{job\.parameters\.([^}]+)\}\}")


def wheel_parameters():
    """Names of the parameters of a task, and the values of those that have a list of them."""
    names, lists = set(), {}
    for node in ast.parse(WHEEL.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and node.name == "Parameters":
            names = {item.target.id for item in node.body if isinstance(item, ast.AnnAssign)}
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
            lists[node.targets[0].id] = ast.literal_eval(node.value)
    return names, {"command": lists["COMMANDS"], "engine": lists["ENGINES"], "fail_on": lists["FAIL_ON"]}


class UniqueKeys(yaml.SafeLoader):
    """Refuses a key that stands twice in a mapping, of which YAML readers take the last one silently."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.MarkedYAMLError(problem=f"keys stand twice: {sorted(twice)}", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


def load(path):
    with open(path) as file:
        return yaml.load(file, UniqueKeys) or {}


def merge(below, above, key=""):
    """What the CLI makes of two values of one place."""
    if isinstance(below, dict) and isinstance(above, dict):
        return {name: merge(below[name], above[name], name) if name in below and name in above
                else above.get(name, below.get(name)) for name in [*below, *[k for k in above if k not in below]]}
    if isinstance(below, list) and isinstance(above, list):
        if (by := MERGED_BY.get(key)) is None:
            return below + above
        out = {item[by]: item for item in below}
        for item in above:
            out[item[by]] = merge(out[item[by]], item) if item[by] in out else item
        return list(out.values())
    return above


def walk(value, path=""):
    """All texts with their places."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from walk(item, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from walk(item, f"{path}[{index}]")
    elif isinstance(value, str):
        yield path, value


class Bundle:
    def __init__(self, root):
        self.root = root
        self.problems = []
        self.used = set()
        main = load(root / "databricks.yml")
        files = {root / "databricks.yml": main}
        for pattern in main.get("include", []):
            found = sorted(root.glob(pattern))
            if not found:
                self.problem("databricks.yml", f"no file is included by `{pattern}`")
            files |= {path: load(path) for path in found}
        self.config = {}
        for path, content in files.items():
            self.known(path.name, content, TOP)
            for target, override in (content.get("targets") or {}).items():
                self.known(f"{path.name}: targets.{target}", override, TARGET)
            self.files(path, content)
            self.config = merge(self.config, content)
        beyond = set(self.config["targets"]) - set(main.get("targets", {}))
        if beyond:
            self.problem("targets", f"not declared in databricks.yml: {sorted(beyond)}")
        for directory in self.config.get("sync", {}).get("paths", []):
            if not (root / directory).is_dir():
                self.problem("sync.paths", f"there is no directory `{directory}`")

    def problem(self, place, text):
        self.problems.append(f"{place}: {text}")

    def known(self, place, value, keys):
        for key in set(value) - keys:
            self.problem(place, f"unknown key `{key}`")

    def files(self, path, content):
        """Paths of files are relative to the file that names them, and have to be where the bundle takes them along."""
        synced = [self.root / directory for directory in load(self.root / "databricks.yml").get("sync", {}).get("paths", ["."])]
        for place, text in walk(content):
            is_file = re.search(r"(sql_task\.file\.path|notebook_task\.notebook_path|spark_python_task\.python_file)$", place)
            is_library = re.search(r"(\.whl|\.dependencies\[\d+\]|\.requirements)$", place) and text.startswith(("./", "../"))
            if not (is_file or is_library) or text.startswith("/"):
                continue
            file = (path.parent / text).resolve()
            if not file.is_file():
                self.problem(f"{path.name}: {place}", f"there is no file `{text}`")
            elif not any(file.is_relative_to(directory.resolve()) for directory in synced):
                self.problem(f"{path.name}: {place}", f"`{text}` is not below `sync.paths`")

    def check(self):
        for name, variable in self.config["variables"].items():
            self.known(f"variables.{name}", variable, VARIABLE)
            if not variable.get("description"):
                self.problem(f"variables.{name}", "no description")
            is_complex = isinstance(variable.get("default"), (dict, list))
            if is_complex != (variable.get("type") == "complex"):
                self.problem(f"variables.{name}", "a list or mapping is of type `complex`, and nothing else is")
        for target in self.config["targets"]:
            self.target(target)
        for name in sorted(set(self.config["variables"]) - self.used):
            self.problem(f"variables.{name}", "not used")
        return self.problems

    def target(self, target):
        override = self.config["targets"][target] or {}
        for name in set(override.get("variables") or {}) - set(self.config["variables"]):
            self.problem(f"{target}: variables.{name}", "not declared")
        resources = merge(self.config.get("resources", {}), override.get("resources") or {}, "resources")
        effective = {"resources": resources, **{key: override[key] for key in ("workspace", "run_as", "permissions") if key in override}}
        for place, text in walk(effective):
            for reference in REFERENCE.findall(text):
                self.reference(f"{target}: {place}", reference, resources)
        for kind, items in resources.items():
            for name, item in items.items():
                place = f"{target}: resources.{kind}.{name}"
                if kind not in MODELS:
                    self.problem(place, "this kind of resource is not checked; add its model")
                    continue
                try:
                    MODELS[kind].from_dict(self.resolved(item, override))
                except Exception as error:
                    self.problem(place, str(error))
                    continue
                if kind == "jobs":
                    self.job(place, item, override)

    def reference(self, place, reference, resources):
        if reference.startswith("var."):
            name = reference.removeprefix("var.").split(".")[0]
            self.used.add(name)
            if name not in self.config["variables"]:
                self.problem(place, f"the variable `{name}` is not declared")
        elif reference.startswith("resources."):
            value = resources
            for part in reference.removeprefix("resources.").split("."):
                value = value.get(part) if isinstance(value, dict) else None
            if value is None and not reference.endswith(".id"):
                self.problem(place, f"`{reference}` is nowhere")
        elif reference not in BUILT_IN:
            self.problem(place, f"`{reference}` is nothing that the CLI knows")

    def resolved(self, value, override):
        """The value with its variables replaced, where they have a value in the files."""
        if isinstance(value, dict):
            return {name: self.resolved(item, override) for name, item in value.items()}
        if isinstance(value, list):
            return [self.resolved(item, override) for item in value]
        if not isinstance(value, str):
            return value
        given = override.get("variables") or {}
        whole = REFERENCE.fullmatch(value)
        if whole and whole.group(1).startswith("var."):
            name = whole.group(1).removeprefix("var.")
            default = given.get(name, self.config["variables"].get(name, {}).get("default"))
            return value if default is None else default
        return value

    def job(self, place, job, override):
        """Keys between the parts of a job, and what a job that writes must have."""
        parameters = {parameter["name"] for parameter in job.get("parameters", [])}
        for at, text in walk(job):
            for name in set(JOB_PARAMETER.findall(text)) - parameters:
                self.problem(f"{place}.{at}", f"the job has no parameter `{name}`")
        if job.get("max_concurrent_runs") != 1 or not job.get("queue", {}).get("enabled"):
            self.problem(place, "runs on one target must be queued, one at a time")
        if "on_failure" not in job.get("email_notifications", {}):
            self.problem(place, "nobody is told of a failure")
        keys = {task["task_key"] for task in job.get("tasks", [])}
        environments = {environment["environment_key"] for environment in job.get("environments", [])}
        clusters = {cluster["job_cluster_key"] for cluster in job.get("job_clusters", [])}
        for task in job.get("tasks", []):
            at = f"{place}.tasks.{task['task_key']}"
            for other in task.get("depends_on", []):
                if other["task_key"] not in keys:
                    self.problem(at, f"there is no task `{other['task_key']}`")
            if not task.get("timeout_seconds") or "max_retries" not in task:
                self.problem(at, "no timeout or no number of retries")
            kinds = [key for key in task if key.endswith("_task")]
            if len(kinds) != 1:
                self.problem(at, f"a task does one thing, this does {kinds}")
            if "python_wheel_task" not in task:
                continue
            wheel = task["python_wheel_task"]
            if (wheel["package_name"], wheel["entry_point"]) != ("goldsmith", "goldsmith-job"):
                self.problem(at, "the entry point of the wheel is `goldsmith-job` of `goldsmith`")
            self.parameters(at, wheel.get("named_parameters", {}), override)
            serverless, classic = task.get("environment_key"), task.get("job_cluster_key")
            if (serverless is None) == (classic is None):
                self.problem(at, "needs an environment (serverless) or a job cluster (classic), and not both")
            elif serverless is not None and serverless not in environments:
                self.problem(at, f"there is no environment `{serverless}`")
            elif classic is not None and (classic not in clusters or not task.get("libraries")):
                self.problem(at, f"there is no job cluster `{classic}`, or the wheel is not installed on it")

    def parameters(self, place, given, override):
        """Parameters of the wheel: their names, and the values of those that have some to choose from."""
        names, lists = wheel_parameters()
        for name in sorted({name.replace("-", "_") for name in given} - names):
            self.problem(place, f"the wheel has no parameter `{name}`")
        if "command" not in given:
            self.problem(place, "no command is given to the wheel")
        for name, value in self.resolved(given, override).items():
            known = lists.get(name.replace("-", "_"))
            if known is not None and value not in known and not JOB_PARAMETER.search(value):
                self.problem(place, f"the wheel knows no {name} `{value}`")


def problems(root):
    try:
        return Bundle(root).check()
    except yaml.YAMLError as error:
        return [" ".join(str(error).split())]


if __name__ == "__main__":
    print(json.dumps([problems(Path(root)) for root in sys.argv[1:]]))
