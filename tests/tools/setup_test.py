"""tools/setup on made-up machines: what it installs by itself, and the command where it may not."""

import unittest

from machine import PROGRAMS, machine

RUSTUP_RS = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
APT = "apt-get update && apt-get install --yes --no-install-recommends"
ONLY_RUST = {name: PROGRAMS[name] for name in ("cargo", "cc", "make")}
# Passes its command on without a password, or asks for one, which it cannot with -n.
SUDO = 'while [ "$1" = -n ]; do shift; done; [ "$1" != true ] || exit 0; exec "$@"'
SUDO_WITH_PASSWORD = "exit 1"


class Case(unittest.TestCase):
    def ready(self, computer, use="test"):
        """It has nothing to do, and says nothing."""
        self.assertEqual(computer.run("tools/setup", use), ("", "", 0))
        self.assertEqual(computer.calls(), [])

    def stops(self, computer, *needs, use="test", **variables):
        """It stops before anything is installed. The one command that it prints, which is on a line of its own."""
        said, error, status = computer.run("tools/setup", use, **variables)
        self.assertEqual((said, status), ("", 1), error)
        for need in needs:
            self.assertIn(need, error.splitlines()[1])
        self.assertFalse([call for call in computer.calls() if " update" not in call])
        commands = [line.strip() for line in error.splitlines() if line.startswith("    ")]
        self.assertLessEqual(len(commands), 1, error)
        return commands[0] if commands else error


class Setup(Case):
    def test_where_all_is_there_it_does_nothing(self):
        computer = machine(self, user=0)
        computer.have_manager("apt-get")
        self.ready(computer)

    def test_dev_needs_neither_python_nor_node_nor_a_browser(self):
        computer = machine(self, programs=ONLY_RUST, user=0)
        computer.have_manager("apt-get")
        self.ready(computer, "dev")
        computer.lack("cc")
        self.assertEqual(computer.run("tools/setup", "dev")[2], 0)
        self.assertEqual(computer.calls(), ["apt-get update", "apt-get install gcc libc6-dev"])

    def test_root_on_debian_gets_what_is_missing_once(self):
        computer = machine(self, programs=ONLY_RUST, user=0)
        computer.have_manager("apt-get")
        said, error, status = computer.run("tools/setup", "test")
        self.assertEqual((error, status), ("", 0))
        self.assertIn(f"    {APT} g++ python3 python3-venv chromium openssl curl\n", said)
        self.assertEqual(computer.calls(), ["apt-get update", "apt-get install g++ python3 python3-venv chromium openssl curl"])
        self.ready(computer)

    def test_sudo_without_a_password_does_as_well(self):
        computer = machine(self)
        computer.have({"sudo": SUDO})
        computer.have_manager("apt-get")
        computer.lack("openssl")
        self.assertEqual(computer.run("tools/setup", "test")[2], 0)
        self.assertEqual(computer.calls(), ["apt-get update", "apt-get install openssl"])

    def test_who_may_not_install_gets_the_command(self):
        computer = machine(self)
        computer.have_manager("apt-get")
        computer.lack("chromium", "c++")
        self.assertEqual(self.stops(computer, "a C++ compiler", "Chromium"), f"{APT} g++ chromium")
        self.assertIn("Run this command as root, then run make test again:", computer.run("tools/setup", "test")[1])
        computer.have({"sudo": SUDO_WITH_PASSWORD})
        command = f"{APT} g++ chromium".replace("apt-get", "sudo apt-get")
        self.assertEqual(self.stops(computer, "a C++ compiler", "Chromium"), command)

    def test_a_dry_run_and_install_no_install_nothing(self):
        computer = machine(self, user=0)
        computer.have_manager("apt-get")
        computer.lack("chromium")
        self.assertEqual(self.stops(computer, INSTALL="no"), f"{APT} chromium")
        _, error, status = computer.run("tools/setup", "test", "--dry-run")
        self.assertEqual((status, computer.calls()), (1, []))
        self.assertIn(f"{APT} chromium", error)

    def test_homebrew_installs_what_apple_does_not_bring(self):
        computer = machine(self, programs=ONLY_RUST | {"c++": "", "xcode-select": "", "openssl": "", "curl": ""})
        computer.have_manager("brew")
        self.assertEqual(computer.run("tools/setup", "test")[2], 0)
        self.assertEqual(computer.calls(), ["brew install python google-chrome"])
        self.ready(computer)
        # Its cc only offers to install one.
        computer.have({"xcode-select": "exit 2"})
        self.assertEqual(self.stops(computer, "a C compiler", "a C++ compiler", use="test"), "xcode-select --install")

    def test_other_systems_get_the_command(self):
        commands = {
            "dnf": "sudo dnf install gcc-c++ chromium",
            "pacman": "sudo pacman --sync --needed gcc chromium",
        }
        for manager, command in commands.items():
            computer = machine(self)
            computer.have({"sudo": SUDO})
            computer.have_manager(manager)
            computer.lack("c++", "chromium")
            self.assertEqual(self.stops(computer, "Chromium"), command)

    def test_a_compiler_without_its_library_is_none(self):
        """Debian's gcc only recommends libc6-dev. No headers there, so whatever includes one is refused."""
        no_headers = 'while read -r line; do case $line in "#include"*) exit 1 ;; esac; done'
        for program, packages in (("cc", "gcc libc6-dev"), ("c++", "g++")):
            computer = machine(self)
            computer.have_manager("apt-get")
            computer.have({program: no_headers})
            self.assertEqual(self.stops(computer, "compiler"), f"{APT} {packages}")

    def test_a_system_that_it_does_not_know_gets_the_names(self):
        computer = machine(self)
        computer.lack("c++", "openssl")
        said = self.stops(computer, "a C++ compiler", "openssl")
        self.assertIn("for this system that installs: a C++ compiler, openssl.\n", said)

    def test_what_could_not_be_installed_gets_the_command(self):
        computer = machine(self, user=0)
        computer.have_manager("apt-get", fails=True)
        computer.lack("openssl")
        _, error, status = computer.run("tools/setup", "test")
        self.assertEqual(status, 1)
        self.assertIn("no network", error)
        self.assertIn(f"    {APT} openssl\n", error)

    def test_a_package_that_does_not_help_is_not_asked_for_again(self):
        """Ubuntu's chromium-browser needs a snap, and its older versions have an older Python."""
        for program, name in (("chromium", "CHROMIUM=..."), ("python3", "PYTHON=...")):
            computer = machine(self, user=0)
            computer.have({program: "exit 1"})
            computer.have_manager("apt-get", brings="exit 1")
            _, error, status = computer.run("tools/setup", "test")
            self.assertEqual(status, 1)
            self.assertIn(name, error)
            self.assertNotIn("apt-get", error)

    def test_ubuntu_calls_chromium_otherwise(self):
        computer = machine(self)
        computer.os_release.write_text('NAME="Ubuntu"\nID=ubuntu\n')
        computer.have_manager("apt-get")
        computer.lack("chromium")
        self.assertEqual(self.stops(computer, "Chromium"), f"{APT} chromium-browser")

    def test_cargo_downloads_nothing_without_certificates(self):
        computer = machine(self)
        computer.have_manager("apt-get")
        computer.certificates.unlink()
        self.assertEqual(self.stops(computer, "CA certificates", use="dev"), f"{APT} ca-certificates")


class Rust(Case):
    """Rust comes from rustup, whose state is the user's. Nothing that other projects would notice is done unasked."""

    def without(self, **settings):
        computer = machine(self, programs={name: PROGRAMS[name] for name in PROGRAMS if name != "cargo"}, **settings)
        computer.have_manager("apt-get")
        return computer

    def test_debian_12_has_no_rustup(self):
        computer = self.without(user=0)
        # What apt-cache prints and answers for a name that some package only mentions.
        computer.have({"curl": "", "apt-cache": "exit 0"})
        self.assertEqual(self.stops(computer, "Rust 1."), RUSTUP_RS)
        computer.lack("curl")
        self.assertEqual(self.stops(computer, "Rust 1."), f"{APT} curl && {RUSTUP_RS}")

    def test_a_newer_debian_has_it(self):
        computer = self.without(user=0)
        cargo = f"printf '#!/bin/sh\\necho cargo 1.95.0\\n' > {computer.bin}/cargo; /bin/chmod +x {computer.bin}/cargo"
        computer.have(
            {
                # Known only once the lists of packages are there.
                "apt-cache": f"case $(/bin/cat {computer._calls}) in *update*) echo Package: rustup ;; esac",
                "rustup": computer.noting("rustup", cargo),
            }
        )
        said, error, status = computer.run("tools/setup", "dev")
        self.assertEqual((error, status), ("", 0), said)
        self.assertEqual(computer.calls(), ["apt-get update", "apt-get install rustup", "rustup default stable"])

    def test_a_rustup_without_a_toolchain_gets_one(self):
        computer = machine(self)
        fixed = f"echo 'echo cargo 1.95.0' > {computer.bin}/cargo"
        computer.have({"cargo": "exit 1", "rustup": computer.noting("rustup", fixed)})
        self.assertEqual(computer.run("tools/setup", "dev")[2], 0)
        self.assertEqual(computer.calls(), ["rustup default stable"])

    def test_a_toolchain_without_its_tools_gets_them(self):
        computer = machine(self)
        computer.have({"cargo": 'case $1 in --version) echo cargo 1.95.0 ;; *) exit 1 ;; esac'})
        fixed = f"echo 'echo cargo 1.95.0' > {computer.bin}/cargo"
        computer.have({"rustup": computer.noting("rustup", fixed)})
        self.assertEqual(computer.run("tools/setup", "test")[2], 0)
        self.assertEqual(computer.calls(), ["rustup component add rustfmt clippy"])

    def test_an_old_rust_is_the_users_to_update(self):
        computer = machine(self, user=0)
        computer.have({"cargo": "echo cargo 1.80.0", "rustup": computer.noting("rustup")})
        self.assertEqual(self.stops(computer, "Rust 1."), "rustup update stable && rustup default stable")
        computer.lack("rustup")
        computer.have({"curl": ""})
        self.assertEqual(self.stops(computer, "Rust 1."), RUSTUP_RS)

    def test_a_rust_that_is_not_in_path_is_found(self):
        computer = self.without(user=0)
        cargo = computer.home / ".cargo/bin/cargo"
        cargo.parent.mkdir(parents=True)
        cargo.write_text("")
        cargo.chmod(0o755)
        self.assertEqual(self.stops(computer, "Rust 1."), '. "${CARGO_HOME:-$HOME/.cargo}/env"')


class Find(unittest.TestCase):
    def test_the_first_python_that_will_do(self):
        computer = machine(self, programs={"python3": "exit 1", "python3.12": ""})
        self.assertEqual(computer.run("tools/setup", "--find", "python", PYTHON=""), ("python3.12\n", "", 0))
        said, error, status = computer.run("tools/setup", "--find", "python")
        self.assertEqual((said, status), ("", 1))
        self.assertIn("Python 3.11", error)

    def test_the_first_browser_that_runs(self):
        computer = machine(self, programs={"chromium-browser": "exit 1", "google-chrome": "", "brave": ""})
        for variables, name in (({}, "google-chrome"), ({"CHROMIUM": "brave"}, "brave")):
            self.assertEqual(computer.run("tools/setup", "--find", "browser", **variables), (f"{computer.bin}/{name}\n", "", 0))
        said, error, status = computer.run("tools/setup", "--find", "browser", CHROMIUM="chromium-browser")
        self.assertEqual((said, status), ("", 1))
        self.assertIn("CHROMIUM=", error)


if __name__ == "__main__":
    unittest.main()
