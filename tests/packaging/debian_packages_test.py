# SPDX-License-Identifier: Apache-2.0
"""The Debian packages: what lintian says of them, what a module author gets, and the life of an
installation in a clean root, with the service's own binary started as its unit says."""

import os
import pathlib
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
import unittest

from clean_root import CleanRoot, enter_namespaces, run

BUILD = pathlib.Path(os.environ["MESHHOST_BUILD"])
SECONDS = 60
# The user stays when the package goes, as Debian's policy has it; "-" are the files before.
ACCOUNTS = {f"/etc/{name}{old}" for name in ("passwd", "group", "shadow", "gshadow")
            for old in ("", "-")}
# Made once, by setUpModule: a folder, the root in it, package name to file, and to its content.
WORK = ROOT = PACKAGES = EXTRACTED = None


def pack(folder):
    """Package name to file, of what is built."""
    run("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", folder, cwd=folder)
    return {path.name.split("_")[0]: path for path in folder.glob("*.deb")}


def repack_as_newer(package, path):
    """The same package one release later, as a rebuild would be, without its work."""
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        run("dpkg-deb", "--raw-extract", package, folder)
        control = pathlib.Path(folder) / "DEBIAN/control"
        text, count = re.subn(r"(?m)^(Version: .*)-1$", r"\1-2", control.read_text())
        assert count == 1, text
        control.write_text(text)
        run("dpkg-deb", "--build", "-Znone", folder, path)


def setUpModule():  # pylint: disable=invalid-name
    global WORK, ROOT, PACKAGES, EXTRACTED  # pylint: disable=global-statement
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    WORK = pathlib.Path(folder.name)
    (WORK / "root").mkdir()
    (WORK / "packages").mkdir()
    ROOT = CleanRoot(WORK / "root")
    unittest.addModuleCleanup(ROOT.close)
    PACKAGES = pack(WORK / "packages")
    EXTRACTED = {package: WORK / package for package in PACKAGES}
    for package, path in PACKAGES.items():
        run("dpkg-deb", "--extract", path, EXTRACTED[package])


class Unit:
    """A unit file of systemd as an installed package has it."""

    def __init__(self, path):
        self.text = path.read_text(encoding="utf-8")

    def value(self, key):
        return re.search(rf"^{key}=(.*)$", self.text, re.MULTILINE).group(1)


class Service:
    """meshhost.service of a root, started without systemd but as it would: ExecStart, User, Group
    and NOTIFY_SOCKET, in a network of its own, since the configuration has fixed ports."""

    def __init__(self, root):
        self.root = root
        self.unit = Unit(root.inside("/usr/lib/systemd/system/meshhost.service"))
        self.notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = root.inside("/run/notify")
        path.unlink(missing_ok=True)
        self.notices.bind(str(path))
        path.chmod(0o666)
        self.notices.settimeout(SECONDS)
        user = f"--userspec={self.unit.value('User')}:{self.unit.value('Group')}"
        command = ["chroot", user, root.path, *shlex.split(self.unit.value("ExecStart"))]
        self.process = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *command],
            env={"PATH": os.environ["PATH"], "NOTIFY_SOCKET": "/run/notify"},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.wait_for("READY=1")

    def wait_for(self, state):
        """Until the host says so to the service manager; all that it said until then."""
        said = []
        while state not in said:
            try:
                said += self.notices.recv(4096).decode().splitlines()
            except TimeoutError:
                self.process.kill()
                raise AssertionError(f"no {state}: {said}\n{self.process.stdout.read()}") from None
        return said

    def get(self, url):
        """Status code and body."""
        body, code = run("nsenter", f"--net=/proc/{self.process.pid}/ns/net", "curl", "-sS",
                         "-w", "\n%{http_code}", url).rsplit("\n", 1)
        return int(code), body

    def reload(self):
        """ExecReload of the unit."""
        command = self.unit.value("ExecReload").replace("$MAINPID", str(self.process.pid))
        run(*shlex.split(command))
        self.wait_for("RELOADING=1")
        return self.wait_for("READY=1")

    def stop(self):
        self.process.terminate()
        output, _ = self.process.communicate(timeout=SECONDS)
        self.notices.close()
        return self.process.returncode, output


class Packages(unittest.TestCase):
    def test_lintian_finds_no_fault_and_no_override_is_without_a_reason(self):
        found = subprocess.run(["lintian", "--fail-on", "error,warning", *PACKAGES.values()],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               check=False)
        self.assertEqual((found.returncode, found.stdout), (0, ""), found.stderr)
        for name, folder in EXTRACTED.items():
            lines = (folder / "usr/share/lintian/overrides" / name).read_text().splitlines()
            for before, line in zip(["", *lines], lines):
                self.assertTrue(line.startswith("#") or before.startswith("#"), line)

    def test_binaries_are_stripped_and_hardened(self):
        host = EXTRACTED["meshhost"] / "usr/bin/meshhost"
        modules = list((EXTRACTED["meshhost-modules"] / "usr/lib/meshhost/modules").iterdir())
        self.assertEqual(sorted(path.name for path in modules), ["catalog.so", "echo.so"])
        for binary in (host, *modules):
            found = run("readelf", "--wide", "--file-header", "--sections", "--segments",
                        "--dynamic", binary)
            missing = [word for word in ("DYN (", "GNU_RELRO", "BIND_NOW") if word not in found]
            self.assertEqual((missing, ".symtab" in found), ([], False), binary)
        symbols = run("readelf", "--wide", "--dyn-syms", host)
        self.assertTrue(re.search(r"__\w+_chk@", symbols), "nothing of it is fortified")

    def test_documents_that_units_and_configuration_name_are_there(self):
        folder = EXTRACTED["meshhost"]
        units = [Unit(path) for path in (folder / "usr/lib/systemd/system").iterdir()]
        self.assertEqual(len(units), 2)
        for word in " ".join(unit.value("Documentation") for unit in units).split():
            page = re.fullmatch(r"man:(\w+)\((\d)\)", word)
            path = (f"/usr/share/man/man{page[2]}/{page[1]}.{page[2]}.gz" if page
                    else word.removeprefix("file://"))
            self.assertTrue((folder / path[1:]).is_file(), word)
        text = (folder / "etc/meshhost/meshhost.toml").read_text()
        for path in re.findall(r"/usr/share/doc/\S+[a-z]", text):
            self.assertTrue((folder / path[1:]).is_file(), path)

    def test_sdk_builds_a_module_that_the_packaged_host_takes(self):
        sdk = EXTRACTED["meshhost-dev"] / "usr"
        build = WORK / "hello"
        run("cmake", "-S", sdk / "share/doc/meshhost-dev/examples/hello", "-B", build,
            f"-DCMAKE_PREFIX_PATH={sdk}")
        run("cmake", "--build", build)
        run(EXTRACTED["meshhost"] / "usr/bin/meshhost", "module", "check",
            build / "modules/hello.so")
        flags = run("pkg-config", "--cflags", "meshhost-sdk",
                    env={**os.environ, "PKG_CONFIG_PATH": str(sdk / "share/pkgconfig")})
        source = WORK / "one.c"
        source.write_text("#include <meshhost/abi/module.h>\n")
        run("cc", *flags.split(), "-fsyntax-only", source)

    def test_sdk_depends_on_nothing_and_modules_on_the_abi_alone_of_the_host(self):
        fields = {name: run("dpkg-deb", "--field", path) for name, path in PACKAGES.items()}
        self.assertNotIn("\nDepends:", fields["meshhost-dev"])
        self.assertIn("\nArchitecture: all", "\n" + fields["meshhost-dev"])
        self.assertIn("\nProvides: meshhost-module-abi-1\n", fields["meshhost"])
        self.assertRegex(fields["meshhost-modules"], r"\nDepends: meshhost-module-abi-1, libc6")
        self.assertNotRegex(fields["meshhost-modules"], r"\nDepends: .*\bmeshhost[, ]")


class Installation(unittest.TestCase):
    """One installation from its first day to its last; the parts are in the order of the test."""

    def test_it_is_installed_serves_is_upgraded_removed_and_purged(self):
        ROOT.finish()
        for folder in ("/tmp/old", "/tmp/new"):
            ROOT.inside(folder).mkdir()
        for name in ("meshhost", "meshhost-modules"):
            shutil.copy(PACKAGES[name], ROOT.inside("/tmp/old") / name)
            repack_as_newer(PACKAGES[name], ROOT.inside("/tmp/new") / name)
        self.install_dependencies()
        before = ROOT.files()
        self.install()
        self.serve_what_the_package_configures_and_then_the_sample_modules()
        self.upgrade()
        self.upgrade_modules_alone()
        self.remove()
        self.purge()
        after = ROOT.files()
        self.assertEqual({path for path in {*before, *after}
                          if before.get(path) != after.get(path)} - ACCOUNTS, set())

    def install_dependencies(self):
        """First, so that what the packages themselves leave behind can be told apart."""
        depends = [run("dpkg-deb", "--field", PACKAGES[name], "Depends").strip()
                   for name in ("meshhost", "meshhost-modules")]
        self.assertTrue(depends[1].startswith("meshhost-module-abi-1, "))
        ROOT.run("apt-get", "satisfy", "-qq", "-y", "--no-install-recommends",
                 depends[0], depends[1].split(", ", 1)[1])
        ROOT.forbid_services()

    def install(self):
        ROOT.run("dpkg", "--install", "/tmp/old/meshhost", "/tmp/old/meshhost-modules")
        self.assertEqual(ROOT.policy(), ["start meshhost.service"])
        enabled = ROOT.inside("/etc/systemd/system/multi-user.target.wants/meshhost.service")
        self.assertTrue(enabled.is_symlink())
        self.assertEqual(ROOT.run("stat", "-c", "%U:%G %a", "/etc/meshhost", "/var/lib/meshhost",
                                  "/var/cache/meshhost").splitlines(),
                         ["root:meshhost 750", "meshhost:meshhost 750", "meshhost:meshhost 700"])

    def serve_what_the_package_configures_and_then_the_sample_modules(self):
        config = ROOT.inside("/etc/meshhost/meshhost.toml")
        shipped = config.read_text()
        service = Service(ROOT)
        self.assertEqual(service.get("http://127.0.0.1:9901/readyz")[0], 200)
        self.assertEqual(service.get("http://127.0.0.1:8080/echo")[0], 404)
        # The administrator takes the marks of comments away, and waits for no balancer at a stop.
        start = shipped.index("# [[module]]")
        config.write_text(shipped[:start] + re.sub("(?m)^# ?", "", shipped[start:]) +
                          '\n[drain]\ndelay = "0s"\n')
        service.reload()
        self.assert_samples_answer(service)
        code, output = service.stop()
        self.assertEqual(code, 0, output)
        self.assertTrue(ROOT.inside("/var/lib/meshhost/catalog.db").is_file())
        self.edited = config.read_text()

    def assert_samples_answer(self, service):
        self.assertEqual(service.get("http://127.0.0.1:8080/echo")[0], 200)
        code, body = service.get("http://127.0.0.1:8080/v1/items")
        self.assertEqual((code, "items" in body), (200, True), body)

    def upgrade(self):
        ROOT.run("dpkg", "--install", "/tmp/new/meshhost")
        self.assertEqual(ROOT.policy(), ["restart meshhost.service"])
        self.assertEqual(self.version("meshhost").split("-")[1], "2")
        self.assertEqual(ROOT.inside("/etc/meshhost/meshhost.toml").read_text(), self.edited)
        service = Service(ROOT)
        self.assert_samples_answer(service)
        code, output = service.stop()
        self.assertEqual(code, 0, output)

    def upgrade_modules_alone(self):
        ROOT.run("dpkg", "--install", "/tmp/new/meshhost-modules")
        self.assertEqual(ROOT.policy(), ["reload meshhost.service"])
        self.assertEqual(self.version("meshhost-modules").split("-")[1], "2")

    def remove(self):
        """What an administrator or the service wrote is kept."""
        ROOT.run("dpkg", "--remove", "meshhost", "meshhost-modules")
        self.assertEqual(ROOT.policy(), ["stop meshhost.socket", "stop meshhost.service"])
        self.assertFalse(ROOT.inside("/usr/bin/meshhost").exists())
        self.assertEqual(ROOT.inside("/etc/meshhost/meshhost.toml").read_text(), self.edited)
        self.assertTrue(ROOT.inside("/var/lib/meshhost/catalog.db").is_file())

    def purge(self):
        ROOT.run("dpkg", "--purge", "meshhost", "meshhost-modules")
        self.assertIn("meshhost:", ROOT.inside("/etc/passwd").read_text())
        ROOT.inside("/run/notify").unlink()

    @staticmethod
    def version(package):
        return ROOT.run("dpkg-query", "--show", "--showformat=${Version}", package)


if __name__ == "__main__":
    enter_namespaces()
    # What takes no root goes first, while debootstrap is at work.
    unittest.main(verbosity=2, defaultTest=["Packages", "Installation"])
