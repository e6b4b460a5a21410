// The child process by itself, for tests of Extractor; the program has the same command.
#include "documents/child.h"

int main(int argc, char** argv) {
  documents::run_child({.name = argc > 2 ? argv[2] : "", .media_type = argc > 3 ? argv[3] : ""});
}
