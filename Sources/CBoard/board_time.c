#include "CBoard.h"
