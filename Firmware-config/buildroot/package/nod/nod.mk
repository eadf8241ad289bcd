################################################################################
#
# nod: installs what tools/build-board made; nothing is compiled here
#
################################################################################

NOD_VERSION = 0.1.0
NOD_SITE = $(call qstrip,$(BR2_PACKAGE_NOD_BOARD_DIR))
NOD_SITE_METHOD = local
NOD_CONFIG_DIR = $(BR2_EXTERNAL_NOD_PATH)/..

ifeq ($(BR2_aarch64),y)
NOD_ARCH = aarch64
else ifeq ($(BR2_ARM_CPU_ARMV7A)$(BR2_ARM_EABIHF),yy)
NOD_ARCH = armv7
else
NOD_ARCH = armv6
endif

define NOD_INSTALL_TARGET_CMDS
	$(INSTALL) -D -m 0755 $(@D)/nodd-$(NOD_ARCH) $(TARGET_DIR)/usr/sbin/nodd
	$(INSTALL) -D -m 0755 $(@D)/nodctl-board-$(NOD_ARCH) $(TARGET_DIR)/usr/bin/nodctl
	$(INSTALL) -D -m 0755 $(NOD_CONFIG_DIR)/nod-adopt $(TARGET_DIR)/usr/sbin/nod-adopt
	$(INSTALL) -D -m 0644 $(NOD_CONFIG_DIR)/nod.conf $(TARGET_DIR)/etc/nod/nod.conf
	$(INSTALL) -d -m 0700 $(TARGET_DIR)/var/lib/nod
endef

define NOD_INSTALL_INIT_SYSV
	$(INSTALL) -D -m 0755 $(NOD_PKGDIR)/S60nodd $(TARGET_DIR)/etc/init.d/S60nodd
endef

define NOD_INSTALL_INIT_OPENRC
	$(INSTALL) -D -m 0755 $(NOD_CONFIG_DIR)/openrc/nodd $(TARGET_DIR)/etc/init.d/nodd
endef

define NOD_INSTALL_INIT_SYSTEMD
	$(INSTALL) -D -m 0644 $(NOD_CONFIG_DIR)/systemd/nodd.service $(TARGET_DIR)/usr/lib/systemd/system/nodd.service
endef

define NOD_USERS
	nod -1 nod -1 * - - - Nod agent
endef

define NOD_PERMISSIONS
	/var/lib/nod d 700 nod nod - - - - -
endef

$(eval $(generic-package))
