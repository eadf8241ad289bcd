import NodCore
