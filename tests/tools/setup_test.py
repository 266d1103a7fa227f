"""tools/setup on fake machines: what it installs, and the command that it prints if it may not
install.
"""

import unittest

from machine import PROGRAMS, machine

RUSTUP_RS = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
APT = "apt-get update && apt-get install --yes --no-install-recommends"
ONLY_RUST = {name: PROGRAMS[name] for name in ("cargo", "cc", "make")}
# Runs its command without a password, or needs a password, which -n forbids.
SUDO = 'while [ "$1" = -n ]; do shift; done; [ "$1" != true ] || exit 0; exec "$@"'
SUDO_WITH_PASSWORD = "exit 1"


class Case(unittest.TestCase):
    def ready(self, computer, use="test"):
        """It does nothing and prints nothing."""
        self.assertEqual(computer.run("tools/setup", use), ("", "", 0))
        self.assertEqual(computer.calls(), [])

    def stops(self, computer, *needs, use="test", **variables):
        """It installs nothing, and prints one command on its own line, which this returns."""
        printed, error, status = computer.run("tools/setup", use, **variables)
        self.assertEqual((printed, status), ("", 1), error)
        for need in needs:
            self.assertIn(need, error.splitlines()[1])
        self.assertFalse([call for call in computer.calls() if " update" not in call])
        commands = [line.strip() for line in error.splitlines() if line.startswith("    ")]
        self.assertLessEqual(len(commands), 1, error)
        return commands[0] if commands else error


class Setup(Case):
    def test_if_everything_is_present_it_does_nothing(self):
        computer = machine(self, user=0)
        computer.add_manager("apt-get")
        self.ready(computer)

    def test_dev_needs_neither_python_nor_node_nor_a_browser(self):
        computer = machine(self, programs=ONLY_RUST, user=0)
        computer.add_manager("apt-get")
        self.ready(computer, "dev")
        computer.remove("cc")
        self.assertEqual(computer.run("tools/setup", "dev")[2], 0)
        self.assertEqual(computer.calls(), ["apt-get update", "apt-get install gcc libc6-dev"])

    def test_as_root_on_debian_it_installs_what_is_missing_once(self):
        computer = machine(self, programs=ONLY_RUST, user=0)
        computer.add_manager("apt-get")
        printed, error, status = computer.run("tools/setup", "test")
        self.assertEqual((error, status), ("", 0))
        self.assertIn(f"    {APT} g++ python3 python3-venv chromium openssl curl\n", printed)
        self.assertEqual(computer.calls(), ["apt-get update", "apt-get install g++ python3 python3-venv chromium openssl curl"])
        self.ready(computer)

    def test_with_sudo_without_a_password_it_installs_too(self):
        computer = machine(self)
        computer.add({"sudo": SUDO})
        computer.add_manager("apt-get")
        computer.remove("openssl")
        self.assertEqual(computer.run("tools/setup", "test")[2], 0)
        self.assertEqual(computer.calls(), ["apt-get update", "apt-get install openssl"])

    def test_without_permission_it_prints_the_command(self):
        computer = machine(self)
        computer.add_manager("apt-get")
        computer.remove("chromium", "c++")
        self.assertEqual(self.stops(computer, "a C++ compiler", "Chromium"), f"{APT} g++ chromium")
        self.assertIn("Run this command as root, then run make test again:", computer.run("tools/setup", "test")[1])
        computer.add({"sudo": SUDO_WITH_PASSWORD})
        command = f"{APT} g++ chromium".replace("apt-get", "sudo apt-get")
        self.assertEqual(self.stops(computer, "a C++ compiler", "Chromium"), command)

    def test_a_dry_run_and_install_no_install_nothing(self):
        computer = machine(self, user=0)
        computer.add_manager("apt-get")
        computer.remove("chromium")
        self.assertEqual(self.stops(computer, INSTALL="no"), f"{APT} chromium")
        _, error, status = computer.run("tools/setup", "test", "--dry-run")
        self.assertEqual((status, computer.calls()), (1, []))
        self.assertIn(f"{APT} chromium", error)

    def test_homebrew_installs_what_macos_does_not_include(self):
        computer = machine(self, programs=ONLY_RUST | {"c++": "", "xcode-select": "", "openssl": "", "curl": ""})
        computer.add_manager("brew")
        self.assertEqual(computer.run("tools/setup", "test")[2], 0)
        self.assertEqual(computer.calls(), ["brew install python google-chrome"])
        self.ready(computer)
        # Now cc only offers to install a compiler.
        computer.add({"xcode-select": "exit 2"})
        self.assertEqual(self.stops(computer, "a C compiler", "a C++ compiler", use="test"), "xcode-select --install")

    def test_on_other_systems_it_prints_the_command(self):
        commands = {
            "dnf": "sudo dnf install gcc-c++ chromium",
            "pacman": "sudo pacman --sync --needed gcc chromium",
        }
        for manager, command in commands.items():
            computer = machine(self)
            computer.add({"sudo": SUDO})
            computer.add_manager(manager)
            computer.remove("c++", "chromium")
            self.assertEqual(self.stops(computer, "Chromium"), command)

    def test_a_compiler_without_its_library_is_missing(self):
        """Debian's gcc only recommends libc6-dev. Without it there are no headers to include."""
        no_headers = 'while read -r line; do case $line in "#include"*) exit 1 ;; esac; done'
        for program, packages in (("cc", "gcc libc6-dev"), ("c++", "g++")):
            computer = machine(self)
            computer.add_manager("apt-get")
            computer.add({program: no_headers})
            self.assertEqual(self.stops(computer, "compiler"), f"{APT} {packages}")

    def test_on_an_unknown_system_it_prints_names(self):
        computer = machine(self)
        computer.remove("c++", "openssl")
        printed = self.stops(computer, "a C++ compiler", "openssl")
        self.assertIn("for this system that installs: a C++ compiler, openssl.\n", printed)

    def test_if_the_installation_fails_it_prints_the_command(self):
        computer = machine(self, user=0)
        computer.add_manager("apt-get", fails=True)
        computer.remove("openssl")
        _, error, status = computer.run("tools/setup", "test")
        self.assertEqual(status, 1)
        self.assertIn("no network", error)
        self.assertIn(f"    {APT} openssl\n", error)

    def test_a_package_that_does_not_help_is_not_installed_again(self):
        """Ubuntu's chromium-browser needs a snap, and its older versions have an older Python."""
        for program, name in (("chromium", "CHROMIUM=..."), ("python3", "PYTHON=...")):
            computer = machine(self, user=0)
            computer.add({program: "exit 1"})
            computer.add_manager("apt-get", brings="exit 1")
            _, error, status = computer.run("tools/setup", "test")
            self.assertEqual(status, 1)
            self.assertIn(name, error)
            self.assertNotIn("apt-get", error)

    def test_on_ubuntu_the_package_is_chromium_browser(self):
        computer = machine(self)
        computer.os_release.write_text('NAME="Ubuntu"\nID=ubuntu\n')
        computer.add_manager("apt-get")
        computer.remove("chromium")
        self.assertEqual(self.stops(computer, "Chromium"), f"{APT} chromium-browser")

    def test_cargo_downloads_nothing_without_certificates(self):
        computer = machine(self)
        computer.add_manager("apt-get")
        computer.certificates.unlink()
        self.assertEqual(self.stops(computer, "CA certificates", use="dev"), f"{APT} ca-certificates")


class Rust(Case):
    """Rust comes from rustup. tools/setup does not change what other projects use."""

    def without(self, **settings):
        computer = machine(self, programs={name: PROGRAMS[name] for name in PROGRAMS if name != "cargo"}, **settings)
        computer.add_manager("apt-get")
        return computer

    def test_debian_12_has_no_package_of_rustup(self):
        computer = self.without(user=0)
        # apt-cache prints nothing and succeeds for a name that other packages only mention.
        computer.add({"curl": "", "apt-cache": "exit 0"})
        self.assertEqual(self.stops(computer, "Rust 1."), RUSTUP_RS)
        computer.remove("curl")
        self.assertEqual(self.stops(computer, "Rust 1."), f"{APT} curl && {RUSTUP_RS}")

    def test_newer_debian_has_a_package_of_rustup(self):
        computer = self.without(user=0)
        cargo = f"printf '#!/bin/sh\\necho cargo 1.95.0\\n' > {computer.bin}/cargo; /bin/chmod +x {computer.bin}/cargo"
        computer.add(
            {
                # Only updated package lists contain it.
                "apt-cache": f"case $(/bin/cat {computer._calls}) in *update*) echo Package: rustup ;; esac",
                "rustup": computer.recording("rustup", cargo),
            }
        )
        printed, error, status = computer.run("tools/setup", "dev")
        self.assertEqual((error, status), ("", 0), printed)
        self.assertEqual(computer.calls(), ["apt-get update", "apt-get install rustup", "rustup default stable"])

    def test_a_rustup_without_a_toolchain_gets_one(self):
        computer = machine(self)
        fixed = f"echo 'echo cargo 1.95.0' > {computer.bin}/cargo"
        computer.add({"cargo": "exit 1", "rustup": computer.recording("rustup", fixed)})
        self.assertEqual(computer.run("tools/setup", "dev")[2], 0)
        self.assertEqual(computer.calls(), ["rustup default stable"])

    def test_rustup_installs_no_toolchain_while_it_looks(self):
        computer = machine(self)
        computer.add({"cargo": '[ "${RUSTUP_AUTO_INSTALL:-1}" = 0 ] && exit 1; echo cargo 1.95.0', "rustup": ""})
        self.assertEqual(self.stops(computer, "Rust 1.", "cargo fmt", INSTALL="no"), "rustup default stable")

    def test_a_toolchain_without_its_components_gets_them(self):
        computer = machine(self)
        computer.add({"cargo": 'case $1 in --version) echo cargo 1.95.0 ;; *) exit 1 ;; esac'})
        fixed = f"echo 'echo cargo 1.95.0' > {computer.bin}/cargo"
        computer.add({"rustup": computer.recording("rustup", fixed)})
        self.assertEqual(computer.run("tools/setup", "test")[2], 0)
        self.assertEqual(computer.calls(), ["rustup component add rustfmt clippy"])

    def test_the_user_updates_an_old_rust(self):
        computer = machine(self, user=0)
        computer.add({"cargo": "echo cargo 1.80.0", "rustup": computer.recording("rustup")})
        self.assertEqual(self.stops(computer, "Rust 1."), "rustup update stable && rustup default stable")
        computer.remove("rustup")
        computer.add({"curl": ""})
        self.assertEqual(self.stops(computer, "Rust 1."), RUSTUP_RS)

    def test_a_rust_that_is_not_in_path_is_found(self):
        computer = self.without(user=0)
        cargo = computer.home / ".cargo/bin/cargo"
        cargo.parent.mkdir(parents=True)
        cargo.write_text("")
        cargo.chmod(0o755)
        self.assertEqual(self.stops(computer, "Rust 1."), '. "${CARGO_HOME:-$HOME/.cargo}/env"')


class Find(unittest.TestCase):
    def test_the_first_suitable_python(self):
        computer = machine(self, programs={"python3": "exit 1", "python3.12": ""})
        self.assertEqual(computer.run("tools/setup", "--find", "python", PYTHON=""), ("python3.12\n", "", 0))
        printed, error, status = computer.run("tools/setup", "--find", "python")
        self.assertEqual((printed, status), ("", 1))
        self.assertIn("Python 3.11", error)

    def test_the_first_browser_that_runs(self):
        computer = machine(self, programs={"chromium-browser": "exit 1", "google-chrome": "", "brave": ""})
        for variables, name in (({}, "google-chrome"), ({"CHROMIUM": "brave"}, "brave")):
            self.assertEqual(computer.run("tools/setup", "--find", "browser", **variables), (f"{computer.bin}/{name}\n", "", 0))
        printed, error, status = computer.run("tools/setup", "--find", "browser", CHROMIUM="chromium-browser")
        self.assertEqual((printed, status), ("", 1))
        self.assertIn("CHROMIUM=", error)


if __name__ == "__main__":
    unittest.main()
