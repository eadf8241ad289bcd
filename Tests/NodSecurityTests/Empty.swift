import Testing
import NodCore
