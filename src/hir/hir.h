// The high-level intermediate representation: SSA over typed values.
//
// An instruction is a value (as in B3). A function has one or more entry blocks, each taking over
// the state of the interpreter's frame at one bytecode offset (function start, loop header, resume
// point). Frame states are values shared between instructions: they say what CPython's frame would
// hold at that bytecode, so that compiled code can leave to the interpreter there.
#pragma once

#include "hir/type.h"

#include <array>
#include <cassert>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace pyston::runtime {
struct CodeData;
}

namespace pyston::hir {

class Block;
class Function;
class Instr;

enum class Opcode : uint8_t {
#define HIR_OP(name, ...) k##name,
#include "hir/opcodes.def"
#undef HIR_OP
};
inline constexpr int kNumOpcodes = 0
#define HIR_OP(...) +1
#include "hir/opcodes.def"
#undef HIR_OP
    ;

enum class Condition : uint8_t { kLess, kLessEqual, kEqual, kNotEqual, kGreater, kGreaterEqual };
std::string_view name(Condition cc); // "lt" "le" "eq" "ne" "gt" "ge"
Condition negate(Condition cc);      // for integers only: not valid for doubles
Condition swapOperands(Condition cc);

// What an instruction may do. Passes ask only this. kRunPython always comes with kReadHeap and
// kWriteHeap.
enum Effect : uint16_t {
    kReadHeap = 1 << 0,
    kWriteHeap = 1 << 1,
    kRunPython = 1 << 2,
    kExit = 1 << 3,
    kRaise = 1 << 4,
    kTerminator = 1 << 5,
    kPinned = 1 << 6,
    kAllocate = 1 << 7,   // raises MemoryError by its frame state, but is otherwise pure
    kResultExit = 1 << 8, // with kExit: it leaves only where it cannot represent its result
};

enum class Ownership : uint8_t { kNone, kNew, kBorrowed, kLoaded, kAlias };
enum class Imm : uint8_t {
    kNone,
    kInt,
    kSlot,
    kOffset,
    kObject,
    kClass,
    kCc,
    kDouble,
    kHelper,
    kCode,
    kVersion
};

struct OpcodeInfo {
    std::string_view name;
    std::string_view operands; // see opcodes.def
    Type result;
    bool customResult;
    Ownership ownership;
    uint16_t effects;
    Imm imm;
    std::string_view doc;
};
extern const std::array<OpcodeInfo, kNumOpcodes> kOpcodes;
inline const OpcodeInfo& info(Opcode op) {
    return kOpcodes[static_cast<size_t>(op)];
}
// Returns false when no operation has this name.
bool parseOpcode(std::string_view name, Opcode* out);

// A Python function whose body was built into its caller's graph.
struct InlinedFunction {
    const void* function = nullptr; // the function object (host::Object)
    runtime::CodeData* data = nullptr;
    int numSlots = 0;
};

// What CPython's frame holds before the instruction at `resumeOffset` runs. A null pointer in
// `slots`/`stack` means that the slot is NULL (unbound local, empty slot under a call).
struct FrameState {
    int id = 0;
    int resumeOffset = 0; // byte offset where the interpreter continues after an exit (includes
                          // EXTENDED_ARG and KW_NAMES prefixes)
    int instrOffset = 0;  // byte offset of the instruction itself: what f_lasti shows while it runs
    std::vector<Instr*> slots; // localsplus: locals, cells, free variables
    std::vector<Instr*> stack;
    // For inlined calls: the caller's state at the call, with the call's operands popped; its
    // resumeOffset is that of the following instruction, where it goes on with the result.
    FrameState* parent = nullptr;
    const InlinedFunction* inlined = nullptr; // with a parent only
    FrameState* outermost() {
        FrameState* state = this;
        while (state->parent)
            state = state->parent;
        return state;
    }
};

// How the references of a frame state are settled when an instruction leaves through it. Made by
// insertReferenceCounts; before that pass instructions have none.
struct ExitReferences {
    enum Action : uint8_t {
        kMove,     // the compiled code's reference becomes the slot's
        kIncref,   // the slot needs a reference of its own (borrowed, or already moved elsewhere)
        kInFrame,  // the slot holds the value and owns it already: nothing to write
        kConsumed, // the operation took the reference before it failed: the slot becomes NULL
    };
    std::vector<Action> slots; // parallel to FrameState::slots, of the outermost state
    std::vector<Action> stack; // parallel to FrameState::stack, likewise
    // The slots, then the stack, of each state below it, the innermost first. Never kInFrame.
    std::vector<Action> inlined;
    std::vector<Instr*> releases; // owned by the compiled code, in no slot: to be released
};

class Instr {
  public:
    Opcode opcode() const { return opcode_; }
    const OpcodeInfo& info() const { return hir::info(opcode_); }
    Type type() const { return type_; }
    void setType(Type type) { type_ = type; }
    int id() const { return id_; }
    Block* block() const { return block_; }

    std::span<Instr* const> operands() const { return operands_; }
    Instr* operand(size_t i) const { return operands_[i]; }
    size_t numOperands() const { return operands_.size(); }
    void setOperand(size_t i, Instr* value) { operands_[i] = value; }
    void appendOperand(Instr* value) { operands_.push_back(value); }
    void removeOperand(size_t i) { operands_.erase(operands_.begin() + static_cast<long>(i)); }

    int64_t imm() const { return imm_; }
    void setImm(int64_t imm) { imm_ = imm; }
    int64_t imm2() const { return imm2_; }
    void setImm2(int64_t imm) { imm2_ = imm; }
    double immDouble() const;
    Condition condition() const { return static_cast<Condition>(imm_); }
    ExactClass immClass() const { return static_cast<ExactClass>(imm_); }

    FrameState* frameState() const { return frameState_; }
    void setFrameState(FrameState* state) { frameState_ = state; }
    bool hasFrameState() const { return frameState_ != nullptr; }

    const ExitReferences* exitReferences() const { return exitReferences_.get(); }
    ExitReferences* exitReferences() { return exitReferences_.get(); }
    void setExitReferences(ExitReferences refs) {
        exitReferences_ = std::make_unique<ExitReferences>(std::move(refs));
    }

    // Branch targets of a terminator.
    std::span<Block* const> targets() const { return targets_; }
    Block* target(size_t i) const { return targets_[i]; }
    void setTarget(size_t i, Block* block) { targets_[i] = block; }
    void appendTarget(Block* block) { targets_.push_back(block); }

    // Effects and ownership of this instruction: the row's, or for CallRuntime its helper's.
    // Dropping a value whose death runs no code is not RunPython.
    uint16_t effects() const {
        return opcode_ == Opcode::kCallRuntime || opcode_ == Opcode::kDrop ||
                       opcode_ == Opcode::kDecref
                   ? effectsByUse()
                   : info().effects;
    }
    bool has(Effect e) const { return (effects() & e) != 0; }
    Ownership ownership() const { return type_.isCounted() ? info().ownership : Ownership::kNone; }
    // The signature character of an operand ("o", "N", ...; of the helper for CallRuntime), or 0
    // when the operation has no such operand.
    char operandKind(size_t index) const;
    // True when this operand's reference is consumed.
    bool steals(size_t operandIndex) const;
    bool isTerminator() const { return (info().effects & kTerminator) != 0; }
    bool isPhi() const { return opcode_ == Opcode::kPhi; }
    // No effect other than its result: dead if unused. (Guards are not: they have kExit. Operations
    // that leave only for want of a representable result, ResultExit, are.)
    bool isRemovableIfUnused() const;

  private:
    friend class Block;
    friend class Function;
    // Of those where the row does not say all.
    uint16_t effectsByUse() const;

    Opcode opcode_{};
    Type type_{};
    int id_ = 0;
    Block* block_ = nullptr;
    int64_t imm_ = 0;
    int64_t imm2_ = 0;
    FrameState* frameState_ = nullptr;
    std::unique_ptr<ExitReferences> exitReferences_;
    std::vector<Instr*> operands_;
    std::vector<Block*> targets_;
};

class Block {
  public:
    int id() const { return id_; }
    Function* function() const { return function_; }

    std::vector<Instr*>& instrs() { return instrs_; } // phis first, terminator last
    const std::vector<Instr*>& instrs() const { return instrs_; }
    Instr* terminator() const {
        return instrs_.empty() || !instrs_.back()->isTerminator() ? nullptr : instrs_.back();
    }
    std::vector<Block*>& preds() { return preds_; }
    const std::vector<Block*>& preds() const { return preds_; }
    std::span<Block* const> succs() const;
    size_t predIndex(const Block* pred) const;
    bool isEntry() const { return entryOffset_ >= 0; }
    // Byte offset where an entry block takes over the interpreter's frame; -1 for other blocks.
    int entryOffset() const { return entryOffset_; }
    bool isLoopHeader() const { return loopHeader_; }
    void setLoopHeader(bool b) { loopHeader_ = b; }
    // Rarely executed: laid out after everything else.
    bool isCold() const { return cold_; }
    void setCold(bool cold) { cold_ = cold; }
    // The interpreter's state at the start of the block (null for blocks that begin inside a
    // bytecode instruction). A weak mention: it keeps no value alive, but follows replacements.
    FrameState* startState() const { return startState_; }
    void setStartState(FrameState* state) { startState_ = state; }

    void append(Instr* instr);
    void insert(size_t position, Instr* instr);
    void insertBefore(Instr* position, Instr* instr);

  private:
    friend class Function;
    int id_ = 0;
    Function* function_ = nullptr;
    int entryOffset_ = -1;
    bool loopHeader_ = false;
    bool cold_ = false;
    FrameState* startState_ = nullptr;
    std::vector<Instr*> instrs_;
    std::vector<Block*> preds_;
};

// Room for what a helper remembers about one site.
inline constexpr size_t kCacheBytes = 104;
struct SiteCache {
    std::array<uint64_t, kCacheBytes / sizeof(uint64_t)> content{};
    int offset = 0; // of the bytecode instruction
    uint32_t uses = 0;
    // Whose site it is, if compiling anew with what is seen there would be of use.
    runtime::CodeData* owner = nullptr;
};
using SiteCaches = std::deque<SiteCache>;

// Owns all blocks, instructions and frame states of one compilation (freed together).
class Function {
  public:
    Function() = default;
    Function(const Function&) = delete;
    Function& operator=(const Function&) = delete;

    std::string name;           // qualified name, for dumps
    int numSlots = 0;           // co_nlocalsplus
    int numLocals = 0;          // co_nlocals
    int stackSize = 0;          // co_stacksize
    const void* code = nullptr; // the code object (host::Code), opaque here
    // Zeroed memory for one site; it lives as long as the compiled code, which takes `caches` over.
    int64_t newCache(int offset, runtime::CodeData* owner) {
        if (!caches)
            caches = std::make_shared<SiteCaches>();
        SiteCache& cache = caches->emplace_back();
        cache.offset = offset;
        cache.owner = owner;
        return reinterpret_cast<int64_t>(&cache);
    }
    std::shared_ptr<SiteCaches> caches;
    std::deque<InlinedFunction> inlined;
    std::unordered_set<int> genericSites; // bytecode offsets where speculation failed before

    Block* newBlock(int entryOffset = -1);
    Instr* newInstr(Opcode op, Type type, std::span<Instr* const> operands = {});
    Instr* newInstr(Opcode op, std::initializer_list<Instr*> operands = {}); // row's result type
    Instr* newJump(Block* target);
    Instr* newBranch(Opcode op, Instr* value, Block* ifTrue, Block* ifFalse);
    FrameState* newFrameState(const FrameState& copy);
    FrameState* copyWithParents(const FrameState& state);

    std::vector<Block*>& blocks() { return blocks_; } // reverse postorder after orderBlocks()
    const std::vector<Block*>& blocks() const { return blocks_; }
    std::span<const std::unique_ptr<FrameState>> frameStates() const { return frameStates_; }
    int numInstrIds() const { return nextInstrId_; }
    int numBlockIds() const { return nextBlockId_; }
    // For the parser: the next new instruction/block gets at least this id.
    void reserveIds(int instrId, int blockId);
    void setId(Instr* instr, int id) { instr->id_ = id; }
    void setId(Block* block, int id) { block->id_ = id; }

    // Recomputes preds from terminators, drops unreachable blocks (and their phi operands), and
    // puts blocks in reverse postorder from the entry blocks; marks loop headers.
    void orderBlocks();
    // Every use of `from` (operands and frame states) becomes `to`.
    void replaceAllUses(Instr* from, Instr* to);
    // The same for many at once, in one walk: `map[id]` is the replacement or null. Chains are
    // followed.
    void replaceAllUses(std::span<Instr* const> map);

  private:
    std::vector<std::unique_ptr<Block>> ownedBlocks_;
    std::vector<std::unique_ptr<Instr>> ownedInstrs_;
    std::vector<std::unique_ptr<FrameState>> frameStates_;
    std::vector<Block*> blocks_;
    int nextInstrId_ = 0;
    int nextBlockId_ = 0;
};

// Immediate dominators of reachable blocks, by the algorithm of Cooper, Harvey and Kennedy. Entry
// blocks hang off a virtual root (null). Requires orderBlocks().
class Dominators {
  public:
    explicit Dominators(const Function& fn);
    const Block* idom(const Block* block) const { return idom_[static_cast<size_t>(block->id())]; }
    bool dominates(const Block* a, const Block* b) const;

  private:
    std::vector<const Block*> idom_;
    std::vector<int> depth_;
};

// Text form, see docs/hir.md. `print` and `parse` are inverse.
std::string print(const Function& fn);
// Returns null and sets `error` (line and reason) when the text is malformed.
std::unique_ptr<Function> parse(std::string_view text, std::string* error);
// Returns an empty string when `fn` is well formed, else the first violation found.
std::string verify(const Function& fn);

} // namespace pyston::hir
