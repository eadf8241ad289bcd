// What a command's help says beside its options: one text for both builds of nodctl.

package struct CommandText {
  /// One line.
  package let abstract: String
  /// What else is to be known, and an example.
  package let discussion: String
}
