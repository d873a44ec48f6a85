// The options of a run: `-X pyston-NAME[=VALUE]` and `PYSTON_NAME=VALUE`, given to
// runtime::setOption().
#pragma once

namespace pyston::module {

// Options about the run itself, which the compiler need not know.
struct RunOptions {
    bool help = false;        // -X pyston-help: list the options and leave
    bool statsAtExit = false; // print statistics when the program ends
    bool gdb = false;         // tell gdb of compiled code
};

// Reads the environment, then the command line (which wins). A wrong option is one sentence on
// stderr and has no effect. Needs the GIL.
RunOptions readOptions();

// Whether DISABLE_PYSTON turns everything off.
bool disabledByUser();

// The text of `-X pyston-help`, to stdout.
void printHelp();

} // namespace pyston::module
