// The low-level intermediate representation: one machine operation each, over virtual registers, in
// SSA form with block parameters. Independent of the CPU; what differs between CPUs is in
// cpu/target.h.
#pragma once

#include "exits/exit_table.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pyston::lir {

enum class Opcode : uint8_t {
#define LIR_OP(name, ...) k##name,
#include "lir/opcodes.def"
#undef LIR_OP
};
inline constexpr int kNumOpcodes = 0
#define LIR_OP(...) +1
#include "lir/opcodes.def"
#undef LIR_OP
    ;

enum class RegClass : uint8_t { kInt, kFloat };
enum class ResultKind : uint8_t { kNone, kInt, kFloat };
enum class Cc : uint8_t {
    kEq,
    kNe,
    kLt,
    kLe,
    kGt,
    kGe, // signed; for floats: ordered, except kNe (true on NaN)
    kULt,
    kULe,
    kUGt,
    kUGe, // unsigned
    kFNotLt,
    kFNotLe,
    kFNotGt,
    kFNotGe, // floats only: the negations (true on NaN)
    kFNotEq = kNe,
};
Cc negate(Cc cc); // for integer conditions
std::string_view name(Cc cc);

enum Flag : uint16_t {
    kExit = 1 << 0,
    kTerminator = 1 << 1,
    kCall = 1 << 2,
    kColdCall = 1 << 3,
    kCompare = 1 << 4,
    kCommutes = 1 << 5,
};

struct OpcodeInfo {
    std::string_view name;
    std::string_view operands;
    ResultKind result;
    uint16_t flags;
    std::string_view doc;
    // Operands that are always there: all but those of `*`.
    uint8_t numFixed = countFixed(operands);

    static constexpr uint8_t countFixed(std::string_view operands) {
        uint8_t count = 0;
        for (const char format : operands)
            count += format == '*' ? 0 : format == 'n' ? 2 : 1;
        return count;
    }
};
extern const std::array<OpcodeInfo, kNumOpcodes> kOpcodes;
inline const OpcodeInfo& info(Opcode op) {
    return kOpcodes[static_cast<size_t>(op)];
}
bool parseOpcode(std::string_view name, Opcode* out);

// A virtual register; its class is in Function::classes.
using VReg = int32_t;
inline constexpr VReg kNoReg = -1;

// An operand: a virtual register or an immediate.
struct Operand {
    bool isImm = false;
    VReg reg = kNoReg;
    int64_t imm = 0;
    static Operand r(VReg reg) { return {false, reg, 0}; }
    static Operand i(int64_t imm) { return {true, kNoReg, imm}; }
};

// Where the values of an exit are before allocation; the emitter turns it into an
// exits::ExitRecord.
struct ExitOperand {
    enum Kind : uint8_t { kReg, kConst, kInFrame, kNull };
    Kind kind = kNull;
    exits::Repr repr = exits::Repr::kObject;
    bool incref = false; // the slot needs a reference of its own
    VReg reg = kNoReg;
    int64_t bits = 0; // kConst: object address, integer, or bits of a double
};

struct ExitPoint {
    // Frames of calls that were inlined, the outermost first. Their slots and stacks, in this
    // order, are the last of `releases`.
    std::vector<exits::InlinedFrame> inlined;
    exits::Reason reason = exits::Reason::kGuard;
    uint8_t hirOpcode = 0; // hir::Opcode of the leaving instruction, for statistics
    int32_t resumeOffset = 0;
    int32_t instrOffset = 0;
    int64_t instrAddress = 0; // Of a release: of the instruction that the frame shows; 0: not known
    std::vector<ExitOperand> slots; // localsplus
    std::vector<ExitOperand> stack;
    // References to release after the frame is complete; flags of optional values (see
    // exits::Repr).
    std::vector<ExitOperand> releases;
};

struct Block;

struct Instr {
    Opcode op{};
    Cc cc = Cc::kEq;
    uint8_t scale = 1;
    int32_t disp = 0;
    VReg result = kNoReg;
    int32_t exit = -1;             // index into Function::exits
    std::vector<Operand> operands; // for m and n formats the base (and index) come first
    Block* targets[2] = {nullptr, nullptr};
    std::vector<VReg> args[2]; // block arguments passed to targets
    const OpcodeInfo& info() const { return lir::info(op); }
    bool has(Flag f) const { return (info().flags & f) != 0; }
};

struct Block {
    int id = 0;
    int entryOffset = -1; // entry blocks: byte offset; entered by a jump from the prologue
    bool cold = false;    // placed after the other code
    int loopDepth = 0;
    std::vector<VReg> params;
    std::vector<Instr> instrs;
    std::vector<Block*> preds;
};

struct Function {
    std::string name;
    int numSlots = 0;                           // co_nlocalsplus
    int outgoingBytes = 0;                      // size of the outgoing array area
    std::vector<std::unique_ptr<Block>> blocks; // in emission order; critical edges are split
    std::vector<RegClass> classes;              // by VReg
    std::vector<ExitPoint> exits;
    VReg newReg(RegClass c) {
        classes.push_back(c);
        return static_cast<VReg>(classes.size()) - 1;
    }
    Block* newBlock() {
        blocks.push_back(std::make_unique<Block>());
        blocks.back()->id = static_cast<int>(blocks.size()) - 1;
        return blocks.back().get();
    }
    void computePreds();
};

// Text form, see docs/lir.md. `print` and `parse` are inverse (exits included).
std::string print(const Function& fn);
std::unique_ptr<Function> parse(std::string_view text, std::string* error);
// Returns an empty string when well formed, else the first violation.
std::string verify(const Function& fn);

} // namespace pyston::lir
