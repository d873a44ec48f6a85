// What a user can set: by `-X pyston-NAME[=VALUE]`, by `PYSTON_NAME`, or through the Python API.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pyston::runtime {

struct Options {
    // A function is compiled when this many of its calls were interpreted; 0: at the first call,
    // and its loops at the first iteration.
    uint32_t compileAfterCalls = 1500;
    // Interpreted calls of a function before further ones run without the hook (unhooked.h); 0:
    // none do.
    uint32_t unhookAfterCalls = 16;
    // A loop is entered in compiled code after this many interpreted iterations (all loops of a
    // code object count together); unused when compileAfterCalls is 0.
    uint32_t loopEdgesBeforeOsr = 8000;
    // Guard exits at one site before it is compiled without speculation.
    uint32_t exitsBeforeRecompile = 32;
    // Compilations of one code object; the last of them does not speculate.
    uint32_t maxVersions = 6;
    uint32_t compileBudget = 8; // percent of the CPU time that compiling may take
    // On a thread of its own: never; when neither the code nor the user is in a hurry; whenever it
    // was not asked for by name.
    enum class CompileThread : uint8_t { kOff, kAuto, kOn } compileThread = CompileThread::kAuto;
    uint64_t codeMemoryLimit = uint64_t{128} << 20; // bytes
    uint64_t stressExitsSeed = 0;                   // take exits at random; 0: off
    uint32_t stressExitsEvery = 400;                // guards between two such exits, at most
    uint64_t stressExitAt = 0;                      // take the exit at this guard; 0: off
    uint64_t stressAbortSeed = 0;                   // give up compilations at random; 0: off
    uint32_t stressMemory = 0; // of so many blocks the compiler is refused one; 0: off
    bool stressGc = false;     // collect at what compiled code calls
    bool stressTicks = false;  // look for hot loops all the time (ticks.h)
    bool loopEntry = true;     // OSR; off: loops are compiled at calls only
    bool perfMap = false;      // write /tmp/perf-PID.map
    bool coverage = false;     // count what of the compiler is used (coverage.h)
    bool logCompiles = false;  // a line on stderr for each compilation
    std::string dump;          // stages to print: "hir", "lir", "asm", by commas
    std::string dumpFunction;  // only functions whose qualified name contains this
    std::vector<std::string> disabledPasses;
};

extern constinit Options currentOptions;
inline Options& options() {
    return currentOptions;
}

// Sets one option by its name without the prefix ("compile-after"); an empty value means true for
// switches. Returns an empty string, or one sentence that says what is wrong.
std::string setOption(std::string_view name, std::string_view value);

// All option names, for help texts, each with its meaning.
struct OptionHelp {
    std::string_view name, value, meaning;
};
const std::vector<OptionHelp>& optionHelp();

} // namespace pyston::runtime
