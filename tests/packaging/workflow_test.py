"""release.yml: who may publish, in which order, and what."""

import re
import unittest

from packed import ROOT
from samcli.yamlhelper import yaml_parse

TEXT = (ROOT / ".github/workflows/release.yml").read_text()
JOBS = yaml_parse(TEXT)["jobs"]


def commands(job):
    return "\n".join(step.get("run", "") for step in job["steps"])


class Workflow(unittest.TestCase):
    def test_a_tag_makes_a_release_only_where_the_repository_says_so(self):
        self.assertRegex(TEXT, r'\non:\n  push:\n    tags: \["v\*"\]\n')
        first = {name for name, job in JOBS.items() if "needs" not in job}
        self.assertEqual(first, {"test", "package"})
        # The other jobs are skipped with those that they need.
        self.assertEqual({name: job.get("if") for name, job in JOBS.items()}, {name: "vars.RELEASE == 'true'" if name in first else None for name in JOBS})

    def test_nothing_is_published_before_the_tests_and_the_comparison_of_two_builds(self):
        self.assertEqual(JOBS["test"]["uses"], "./.github/workflows/ci.yml")
        self.assertEqual({name: job.get("needs") for name, job in JOBS.items() if "needs" in job}, {"attest": ["test", "package"], "github": "attest", "npm": "attest"})
        folders = JOBS["package"]["strategy"]["matrix"]["folder"]
        self.assertEqual(len(set(folders)), 2)
        self.assertIn('make package TAG="$GITHUB_REF_NAME"', commands(JOBS["package"]))
        compared = commands(JOBS["attest"])
        self.assertLess(compared.index("diff --recursive dist-0 dist-1"), compared.index("sha256sum --check SHA256SUMS"))
        self.assertIn("actions/attest-build-provenance@", JOBS["attest"]["steps"][-1]["uses"])
        self.assertEqual(JOBS["attest"]["steps"][-1]["with"], {"subject-path": "dist-0/*"})

    def test_what_was_attested_is_published(self):
        for name in ("github", "npm"):
            (download,) = (step["with"] for step in JOBS[name]["steps"] if "download-artifact" in step.get("uses", ""))
            self.assertEqual(download, {"name": "dist-0", "path": "dist"})
        self.assertIn("gh release create", commands(JOBS["github"]))
        self.assertIn("npm publish --provenance", commands(JOBS["npm"]))
        self.assertIn("./dist/voicemint-*.tgz", commands(JOBS["npm"]))

    def test_each_job_has_the_permissions_that_it_needs(self):
        self.assertEqual(yaml_parse(TEXT)["permissions"], {})
        read = {"contents": "read"}
        self.assertEqual({name: job["permissions"] for name, job in JOBS.items()}, {
            "test": read,
            "package": read,
            "attest": {"id-token": "write", "attestations": "write"},
            "github": {"contents": "write"},
            "npm": {"id-token": "write"},
        })  # fmt: skip
        # npm trusts the workflow, in this environment: there is no token.
        self.assertEqual(JOBS["npm"]["environment"], "npm")
        self.assertNotIn("secrets.", TEXT)
        self.assertNotIn("NODE_AUTH_TOKEN", TEXT)
        # A job that may sign or publish runs no code of the repository.
        for name in ("attest", "github", "npm"):
            self.assertNotIn("checkout", str(JOBS[name]))

    def test_actions_are_pinned_by_commit(self):
        uses = re.findall(r"uses: (\S+)(.*)", TEXT)
        self.assertGreater(len(uses), 6)
        for action, comment in uses:
            if not action.startswith("./"):
                self.assertRegex(action, r"^[\w./-]+@[0-9a-f]{40}$")
                self.assertRegex(comment, r"^ # v\d+\.\d+\.\d+$")


if __name__ == "__main__":
    unittest.main()
