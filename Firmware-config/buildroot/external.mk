# Every recipe of this external tree.
include $(sort $(wildcard $(BR2_EXTERNAL_NOD_PATH)/package/*/*.mk))
