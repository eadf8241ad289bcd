import ArgumentParser
@main struct Nodctl: ParsableCommand {}
