// Random programs of a toy register bytecode over MiniWorld, their interpreter, and their
// translation to HIR with speculation, as the graph builder does it for Python.
#pragma once

#include "hir/hir.h"
#include "mini_world.h"

#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <random>
#include <vector>

namespace pyston::mini {

struct Code {
    enum Op {
        kConst,        // dst = int imm
        kFloat,        // dst = kFloats[imm]
        kMove,         // dst = a
        kDelete,       // unbind dst
        kBinary,       // dst = a `imm` b
        kCall,         // dst = opaque(a, b)
        kCallFunction, // dst = functions[imm](arguments)
        kListGet,      // dst = a[b], or None
        kListSet,      // a[b] = dst, or nothing
        kTupleGet,     // dst = a[b], or None
        kCellGet,      // dst = what the cell a holds, or None
        kCellSet,      // the cell a holds dst, or nothing happens
        kCellClear,    // the cell a holds nothing, or nothing happens
        kLoadValue,    // dst = a.values[imm], or None
        kStoreValue,   // a.values[imm] = dst, or nothing
        kIs,           // dst = a is b
        kJumpUnless,   // if not (a < b) goto target
        kJumpIfFalse,  // if not truth(a) goto target
        kIterate,      // dst = iter(a)
        kForIter,      // dst = next(a), or goto target
        kJump,
        kLoopIfLess, // if a < b goto target (backwards), after serving pending requests
        kReturn,     // a
    } op;
    int dst = 0, a = 0, b = 0;
    int64_t imm = 0;
    int target = -1;
    bool speculate = false;
    enum Numbers : uint8_t { kInts, kFloats, kMixed } numbers = kInts; // what is speculated on
    std::array<int, 4> arguments = {};
};

// Code without loops, which calls only functions before it.
struct CalledFunction {
    int numSlots = 0; // the arguments are the first ones
    std::vector<Code> code;
    bool isQuiet = false; // nothing in it, as speculated, shows the frame: it may be inlined
};

struct Program {
    int numSlots = 0;
    int numArguments = 0;
    std::vector<Code> code;
    std::vector<CalledFunction> functions;
};

Program randomProgram(std::mt19937& random);
std::string toText(const Program& program);

// The state that interpreted and compiled code pass to each other is World::frames (owned) and an
// index into the innermost one's code.
class Interpreter {
  public:
    Interpreter(const Program& program, World& world) : program_(program), world_(world) {}
    // Runs from `pc` until the program returns (the result, a new reference), or until it is about
    // to execute `stopAt` (then null).
    Object* run(int pc, int stopAt = -1) { return run(pc, stopAt, 1); }
    // The result of a function, a new reference; the arguments' references are taken.
    Object* call(int function, const std::vector<Object*>& arguments);
    int steps = 0;

  private:
    // Until as many frames as `depth` are left, without the last of them.
    Object* run(int pc, int stopAt, size_t depth);
    const std::vector<Code>& code() const;
    void push(int function, std::vector<Object*> arguments, int returnsTo);
    // Ends the innermost frame.
    Object* pop(Object* result);
    Object* slot(int index); // reading an unbound one gives None
    void assign(int index, Object* value);
    Object** placeOf(const Code& c);
    void execute(const Code& c);

    const Program& program_;
    World& world_;
};

// Entries: at 0, and at the given indices (targets of kLoopIfLess).
std::unique_ptr<hir::Function> buildGraph(const Program& program, const std::vector<int>& entries);

// Addresses of constants in HIR.
inline int64_t addressOfInt(int64_t n) {
    return 0x10000 + (n & 0xffff);
}
inline int64_t intAtAddress(int64_t address) {
    return static_cast<int16_t>(address - 0x10000);
}
inline constexpr int64_t kNoneAddress = 0x32;
inline constexpr int64_t kCodeAddress = 0x64; // of any function

inline constexpr std::array<double, 11> kFloats = {
    0.0, -0.0, 1.0, 0.5, -2.5, 3.0, 9007199254740993.0, 1e300, 1e-320, HUGE_VAL, NAN};
inline constexpr int64_t kFirstFloatAddress = 0x40000;
inline constexpr int64_t addressOfFloat(int64_t index) {
    return kFirstFloatAddress + index;
}
inline std::optional<double> floatAtAddress(int64_t address) {
    const auto index = static_cast<size_t>(address - kFirstFloatAddress);
    return index < kFloats.size() ? std::optional(kFloats[index]) : std::nullopt;
}

} // namespace pyston::mini
