"""The npm package of a release. Only a workflow can publish it: neither web/ nor the package itself
can be published by mistake.
"""

import http.server
import json
import os
import subprocess
import tarfile
import tempfile
import threading
import unittest

from packed import ROOT, dist, package

SOURCE = json.loads((ROOT / "web/package.json").read_text())
# By these, npm knows the workflows that can attest the provenance.
WORKFLOWS = ("CI", "GITHUB_", "GITLAB_", "ACTIONS_", "npm_")


class Registry(http.server.BaseHTTPRequestHandler):
    """Knows no package, and notes what it is asked."""

    def answer(self):
        self.server.asked.append(self.command)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(404 if self.command == "GET" else 201)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_PUT = do_POST = answer

    def log_message(self, *_):
        pass


class Npm(unittest.TestCase):
    def setUp(self):
        self.archive = dist() / f"voicemint-{package.version()}.tgz"

    def publish(self, what):
        """What `npm publish` prints about a file or a folder, and what it asks of the registry."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
        server.asked = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        host = f"127.0.0.1:{server.server_port}"
        with tempfile.TemporaryDirectory() as folder:
            config = f"{folder}/npmrc"
            with open(config, "w") as file:
                file.write(f"registry=http://{host}/\n//{host}/:_authToken=none\nupdate-notifier=false\ncache={folder}/cache\n")
            environment = {name: value for name, value in os.environ.items() if not name.startswith(WORKFLOWS)}
            command = ["npm", "publish", "--userconfig", config, what]
            done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
        return done.stderr, server.asked

    def test_it_has_the_files_that_package_json_lists_and_no_other(self):
        with tarfile.open(self.archive) as file:
            names = {entry.name.removeprefix("package/") for entry in file}
            self.assertEqual({entry.mode for entry in file}, {0o644})
            for name in names - {"package.json"}:
                self.assertEqual(file.extractfile(f"package/{name}").read(), (ROOT / "web" / name).read_bytes(), name)
            manifest = json.load(file.extractfile("package/package.json"))
        listed = {path.relative_to(ROOT / "web").as_posix() for one in SOURCE["files"] for at in (ROOT / "web").glob(one)
                  for path in ([at] if at.is_file() else at.rglob("*")) if path.is_file()}  # fmt: skip
        # npm adds these three to any list.
        self.assertEqual(names, listed | {"package.json", "README.md", "LICENSE"})
        added = {"publishConfig": {"access": "public", "provenance": True}}
        self.assertEqual(manifest, {name: value for name, value in SOURCE.items() if name != "private"} | added)

    def test_the_folder_cannot_be_published(self):
        self.assertTrue(SOURCE["private"])
        error, asked = self.publish(str(ROOT / "web"))
        self.assertIn("EPRIVATE", error)
        self.assertNotIn("PUT", asked)

    def test_the_package_cannot_be_published_outside_of_a_workflow(self):
        error, asked = self.publish(str(self.archive))
        self.assertIn("Automatic provenance generation not supported", error)
        self.assertNotIn("PUT", asked)

    def test_without_the_provenance_it_could(self):
        # So the test above fails for this reason and no other.
        with tempfile.TemporaryDirectory() as folder:
            with tarfile.open(self.archive) as file:
                file.extractall(folder, filter="data")
            path = f"{folder}/package/package.json"
            with open(path) as file:
                manifest = json.load(file)
            del manifest["publishConfig"]
            with open(path, "w") as file:
                json.dump(manifest, file)
            error, asked = self.publish(f"{folder}/package")
        self.assertEqual(asked.count("PUT"), 1, error)


if __name__ == "__main__":
    unittest.main()
