#include "runtime/options.h"

#include "runtime/code_memory.h"
#include "runtime/stress.h"
#include "support/allocator.h"

#include <charconv>
#include <functional>

namespace pyston::runtime {
namespace {

bool parseNumber(std::string_view text, uint64_t* out) {
    int shift = 0;
    if (!text.empty()) {
        switch (text.back()) {
        case 'k':
        case 'K':
            shift = 10;
            break;
        case 'm':
        case 'M':
            shift = 20;
            break;
        case 'g':
        case 'G':
            shift = 30;
            break;
        default:
            break;
        }
    }
    if (shift != 0)
        text.remove_suffix(1);
    uint64_t value = 0;
    const char* end = text.data() + text.size();
    auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end || text.empty() || (value >> (63 - shift)) != 0)
        return false;
    *out = value << shift;
    return true;
}

bool parseSwitch(std::string_view text, bool* out) {
    if (text.empty() || text == "1" || text == "on" || text == "yes" || text == "true") {
        *out = true;
        return true;
    }
    if (text == "0" || text == "off" || text == "no" || text == "false") {
        *out = false;
        return true;
    }
    return false;
}

bool setCompileThread(Options::CompileThread* out, std::string_view text) {
    using Thread = Options::CompileThread;
    bool on = false;
    if (text == "auto")
        *out = Thread::kAuto;
    else if (parseSwitch(text, &on))
        *out = on ? Thread::kOn : Thread::kOff;
    else
        return false;
    return true;
}

bool setCount(uint32_t* out, std::string_view text) {
    uint64_t value = 0;
    if (!parseNumber(text, &value) || value > UINT32_MAX)
        return false;
    *out = static_cast<uint32_t>(value);
    return true;
}

std::vector<std::string> splitAtCommas(std::string_view text) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        size_t comma = text.find(',');
        if (std::string_view part = text.substr(0, comma); !part.empty())
            parts.emplace_back(part);
        if (comma == std::string_view::npos)
            break;
        text.remove_prefix(comma + 1);
    }
    return parts;
}

struct Row {
    OptionHelp help;
    std::function<bool(Options&, std::string_view)> set;
};

const std::vector<Row>& rows() {
    using O = Options;
    using V = std::string_view;
    static const std::vector<Row> table = {
        {{"compile-after", "CALLS", "compile a function after so many calls (0: at once)"},
         [](O& o, V v) { return setCount(&o.compileAfterCalls, v); }},
        {{"loop-after", "ITERATIONS", "enter compiled loops after so many iterations"},
         [](O& o, V v) { return setCount(&o.loopEdgesBeforeOsr, v); }},
        {{"unhook-after", "CALLS",
          "calls of a function after which most of them run at the interpreter's own speed until "
          "it "
          "is compiled (0: never)"},
         [](O& o, V v) { return setCount(&o.unhookAfterCalls, v); }},
        {{"recompile-after", "EXITS", "guard failures at one site before it is compiled again"},
         [](O& o, V v) { return setCount(&o.exitsBeforeRecompile, v); }},
        {{"compile-budget", "PERCENT",
          "share of the CPU time that compiling may take, half of it after the first second (100: "
          "any)"},
         [](O& o, V v) { return setCount(&o.compileBudget, v) && o.compileBudget <= 100; }},
        {{"compile-thread", "on|off|auto",
          "compile on a second processor while the program goes on"},
         [](O& o, V v) { return setCompileThread(&o.compileThread, v); }},
        {{"max-versions", "N", "compilations of one function at most"},
         [](O& o, V v) { return setCount(&o.maxVersions, v) && o.maxVersions > 0; }},
        {{"memory-limit", "BYTES", "machine code at most (suffixes k, m, g)"},
         [](O& o, V v) {
             if (!parseNumber(v, &o.codeMemoryLimit))
                 return false;
             setCodeLimit(o.codeMemoryLimit);
             return true;
         }},
        {{"stress-exits", "SEED", "leave compiled code at random, for tests (0: off)"},
         [](O& o, V v) { return parseNumber(v, &o.stressExitsSeed); }},
        {{"stress-exits-every", "GUARDS", "of so many guards one is such an exit, at most"},
         [](O& o, V v) { return setCount(&o.stressExitsEvery, v) && o.stressExitsEvery > 0; }},
        {{"stress-exit-at", "GUARD", "leave compiled code at the guard of this number, for tests"},
         [](O& o, V v) {
             if (!parseNumber(v, &o.stressExitAt))
                 return false;
             forceExitAt(o.stressExitAt);
             return true;
         }},
        {{"stress-gc", "on|off",
          "collect garbage in each helper of compiled code that may allocate, for tests"},
         [](O& o, V v) { return parseSwitch(v, &o.stressGc); }},
        {{"stress-abort", "SEED", "give up compilations in random phases, for tests (0: off)"},
         [](O& o, V v) { return parseNumber(v, &o.stressAbortSeed); }},
        {{"stress-memory", "BLOCKS",
          "of so many blocks of memory refuse the compiler one, for tests (0: off)"},
         [](O& o, V v) {
             if (!setCount(&o.stressMemory, v))
                 return false;
             support::refusedBlocks.store(o.stressMemory);
             return true;
         }},
        {{"stress-ticks", "on|off", "look for what is hot all the time, for tests"},
         [](O& o, V v) { return parseSwitch(v, &o.stressTicks); }},
        {{"loop-entry", "on|off", "enter compiled code in the middle of running loops"},
         [](O& o, V v) { return parseSwitch(v, &o.loopEntry); }},
        {{"perf-map", "on|off", "write a symbol map for the perf profiler"},
         [](O& o, V v) { return parseSwitch(v, &o.perfMap); }},
        {{"coverage", "on|off", "count what of the compiler is used, for pyston.stats()"},
         [](O& o, V v) { return parseSwitch(v, &o.coverage); }},
        {{"log", "on|off", "print a line for each compilation"},
         [](O& o, V v) { return parseSwitch(v, &o.logCompiles); }},
        {{"dump", "STAGES", "print hir, lir, asm of what is compiled"},
         [](O& o, V v) {
             o.dump = v.empty() ? "hir,lir,asm" : v;
             return true;
         }},
        {{"dump-function", "NAME", "only for functions whose qualified name contains NAME"},
         [](O& o, V v) {
             o.dumpFunction = v;
             return true;
         }},
        {{"disable-pass", "NAMES", "leave out optimization passes"},
         [](O& o, V v) {
             o.disabledPasses = splitAtCommas(v);
             return true;
         }},
    };
    return table;
}

} // namespace

constinit Options currentOptions;

std::string setOption(std::string_view name, std::string_view value) {
    for (const Row& row : rows()) {
        if (row.help.name != name)
            continue;
        Options changed = options();
        if (!row.set(changed, value)) {
            return "pyston option '" + std::string(name) + "' does not take the value '" +
                   std::string(value) + "' (expected " + std::string(row.help.value) + ")";
        }
        options() = std::move(changed);
        return {};
    }
    return "there is no pyston option '" + std::string(name) + "'";
}

const std::vector<OptionHelp>& optionHelp() {
    static const std::vector<OptionHelp> help = [] {
        std::vector<OptionHelp> all;
        for (const Row& row : rows())
            all.push_back(row.help);
        return all;
    }();
    return help;
}

} // namespace pyston::runtime
