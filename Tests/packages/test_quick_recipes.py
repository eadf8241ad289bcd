"""The recipes for OpenWrt and Buildroot, read by make with stand-ins for what those systems include: every file that is
named is there, and lands where the services look for it."""

import pathlib
import shutil
import stat
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = ROOT / "Firmware-config"

OPENWRT_RULES = """
INCLUDE_DIR := $(TOPDIR)/include
PKG_BUILD_DIR := $(TOPDIR)/build
INSTALL_DIR := install -d -m0755
INSTALL_BIN := install -m0755
INSTALL_DATA := install -m0644
CP := cp -fpR
define BuildPackage
image:
	$(call Build/Prepare)
	$(call Package/$(1)/install,$(TOPDIR)/image)
endef
"""
BUILDROOT = """
INSTALL := install
TARGET_DIR := $(TOPDIR)/image
BR2_EXTERNAL_NOD_PATH := {external}
NOD_PKGDIR := {external}/package/nod
qstrip = $(strip $(subst ",,$(1)))
define generic-package
$(TOPDIR)/board/image:
	$$(NOD_INSTALL_TARGET_CMDS)
	$$(NOD_INSTALL_INIT_SYSV)
endef
include {external}/external.mk
"""


class Recipes(unittest.TestCase):
    def setUp(self):
        if shutil.which("make") is None:
            self.skipTest("SKIPPED: needs make")
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="nod-recipes-"))
        self.addCleanup(shutil.rmtree, self.top, ignore_errors=True)
        self.board = self.top / "board"
        self.board.mkdir()
        for product in ("nodd", "nodctl-board"):
            for arch in ("aarch64", "armv7", "armv6"):
                (self.board / f"{product}-{arch}").write_text(f"{product} for {arch}")

    def make(self, directory, target, *variables):
        done = subprocess.run(["make", "-C", directory, *variables, f"TOPDIR={self.top}", target], capture_output=True,
                              stdin=subprocess.DEVNULL, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def assert_installed(self, arch, service):
        image = self.top / "image"
        self.assertEqual((image / "usr/sbin/nodd").read_text(), f"nodd for {arch}")
        self.assertEqual((image / "usr/bin/nodctl").read_text(), f"nodctl-board for {arch}")
        for program in ("usr/sbin/nodd", "usr/bin/nodctl", "usr/sbin/nod-adopt", f"etc/init.d/{service}"):
            self.assertTrue((image / program).stat().st_mode & stat.S_IXUSR, program)
        return (image / "etc/nod/nod.conf").read_text()

    def openwrt(self, *variables):
        shutil.rmtree(self.top / "image", ignore_errors=True)
        (self.top / "include").mkdir(exist_ok=True)
        (self.top / "rules.mk").write_text(OPENWRT_RULES)
        (self.top / "include/package.mk").touch()
        self.make(FILES / "openwrt", "image", f"NOD_BOARD={self.board}", f"NOD_CONFIG={FILES}", *variables)

    def test_openwrt_takes_the_binaries_of_its_board_and_keeps_votes_on_flash(self):
        for variables, arch in ((("ARCH=aarch64",), "aarch64"), (("ARCH=arm", "CONFIG_arm_v7=y"), "armv7"),
                                (("ARCH=arm",), "armv6")):
            with self.subTest(arch):
                self.openwrt(*variables)
                self.assertIn("\nstate = /etc/nod/state\n", self.assert_installed(arch, "nodd"))

    def test_buildroot_takes_the_binaries_of_its_board(self):
        for variables, arch in ((("BR2_aarch64=y",), "aarch64"), ((), "armv6"),
                                (("BR2_ARM_CPU_ARMV7A=y", "BR2_ARM_EABIHF=y"), "armv7")):
            with self.subTest(arch):
                shutil.rmtree(self.top / "image", ignore_errors=True)
                external = FILES / "buildroot"
                (self.top / "Makefile").write_text(BUILDROOT.format(external=external))
                self.make(self.top, self.board / "image", *variables)
                self.assert_installed(arch, "S60nodd")


if __name__ == "__main__":
    unittest.main()
