"""The checker must find what is wrong, or a run that found nothing has said nothing."""
import unittest
from math import inf

from .linearizability import Operation, first_impossible_key, is_linearizable


def write(value, called, returned):
    return Operation("write", value, called, returned)


def read(value, called, returned):
    return Operation("read", value, called, returned)


class Registers(unittest.TestCase):
    def test_one_after_the_other(self):
        self.assertTrue(is_linearizable([read(None, 0, 1), write("a", 2, 3), read("a", 4, 5)]))

    def test_a_read_meanwhile_may_give_either(self):
        for seen in (None, "a"):
            self.assertTrue(is_linearizable([write("a", 0, 10), read(seen, 2, 3)]))

    def test_a_stale_read_is_found(self):
        self.assertFalse(is_linearizable([write("a", 0, 1), write("b", 2, 3), read("a", 4, 5)]))

    def test_a_lost_write_is_found(self):
        self.assertFalse(is_linearizable([write("a", 0, 1), read(None, 2, 3)]))

    def test_reads_that_go_back_are_found(self):
        self.assertFalse(is_linearizable([write("a", 0, 10), read("a", 2, 3), read(None, 4, 5)]))

    def test_a_write_of_unknown_outcome_may_take_effect_late_or_never(self):
        self.assertTrue(is_linearizable([write("a", 0, inf), read(None, 2, 3), read("a", 4, 5)]))
        self.assertTrue(is_linearizable([write("a", 0, inf), read(None, 2, 3)]))

    def test_a_write_that_takes_effect_twice_is_found(self):
        history = [write("a", 0, 9), read("a", 1, 2), write("b", 3, 4), read("b", 5, 6), read("a", 7, 8)]
        self.assertFalse(is_linearizable(history))

    def test_keys_are_told_apart(self):
        histories = {"good": [write("a", 0, 1), read("a", 2, 3)], "bad": [write("a", 0, 1), read("b", 2, 3)]}
        self.assertEqual(first_impossible_key(histories), "bad")


if __name__ == "__main__":
    unittest.main()
