// What both CPUs' emitters share: the order of blocks, exit tables, out-of-line code, and the walk
// over the instructions. A CPU derives from Emitter and supplies the instruction selection.
#pragma once

#include "cpu/target.h"

#include <asmjit/core.h>

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pyston::cpu {

// Collects exit records. Exits of equal contents (same exit point, values in the same places) share
// one record and one stub.
class ExitTable {
  public:
    explicit ExitTable(const lir::Function& fn) : fn_(fn) {}
    // The index of the record for the exit of `instr`.
    uint32_t add(const lir::Instr& instr, const regalloc::InstrPlaces& places);
    size_t size() const { return records_.size(); }
    // Registers (by hardware encoding) that some exit reads.
    uint64_t registersRead(lir::RegClass cls) const;
    void moveTo(EmittedCode& out);

  private:
    exits::Location locate(const lir::ExitOperand& operand, const regalloc::Place& place);

    const lir::Function& fn_;
    std::vector<exits::Record> records_;
    std::vector<exits::Location> locations_;
    std::vector<exits::InlinedFrame> inlined_;
    std::vector<uint64_t> constants_;
    std::map<uint64_t, int32_t> constantIndex_;
    std::multimap<int32_t, uint32_t> recordsOfExit_; // by index into Function::exits
};

// The order in which blocks are emitted (cold ones last), and where a jump to a block really ends
// up.
class BlockLayout {
  public:
    BlockLayout(const lir::Function& fn, const regalloc::Allocation& allocation);
    std::span<const lir::Block* const> order() const { return order_; }
    // Follows blocks that do nothing but jump; these are not emitted.
    const lir::Block* resolve(const lir::Block* block) const { return target_[block->id]; }

  private:
    std::vector<const lir::Block*> order_;
    std::vector<const lir::Block*> target_; // by block id
};

class Emitter : private asmjit::ErrorHandler {
  public:
    EmittedCode run();

  protected:
    using Place = regalloc::Place;
    using InstrPlaces = regalloc::InstrPlaces;

    // Of a value, or of an immediate if that has no place, `disp` bytes from the frame's start.
    struct FrameStore {
        int32_t disp;
        Place value;
        int64_t imm = 0;
    };

    Emitter(const Target& target, const lir::Function& fn, const regalloc::Allocation& allocation,
            const RuntimeAddresses& runtime, uint64_t base, const void* blob, bool wantListing);
    ~Emitter() override = default;

    // --- supplied by the CPU
    virtual void emitPrologue() = 0;
    virtual void emitInstr(const lir::Instr& instr, const InstrPlaces& places) = 0;
    virtual void
    emitMove(const regalloc::Move& move) = 0; // never clobbers the target's gp/fpScratch
    virtual void emitLoadImm(int gp, uint64_t value) = 0; // clobbers no register and no flags
    virtual void emitJump(const asmjit::Label& label) = 0;
    // The code that all exits of the function share; entered with the record's index in a scratch
    // register.
    virtual void emitExitTail(const asmjit::Label& tail) = 0;
    struct ExitStub {
        uint32_t record;
        asmjit::Label label; // to be bound
    };
    virtual void emitExitStubs(std::span<const ExitStub> stubs, const asmjit::Label& tail) = 0;
    // The routine that all observations of the function share: called with the record's index and
    // the dead object in scratch registers, returns the status in one and saves all others; float
    // registers only in one of its two forms.
    virtual void emitObserveTail(const asmjit::Label& tail, bool withFloats) = 0;
    // Called with an object in a scratch register; leaves its class in one, and returns whether
    // that is a plain one as the condition "equal"; clobbers no other registers.
    virtual void emitPlainTail(const asmjit::Label& tail) = 0;
    // Stores to the frame; clobbers scratch registers only.
    virtual void emitFrameStore(const FrameStore& store) = 0;
    virtual void finish(EmittedCode& out) = 0; // frameSize, unwindInfo

    // --- for the CPU
    // Must be called by the derived constructor, with its assembler.
    void attach(asmjit::Arch arch, asmjit::BaseAssembler& assembler);
    asmjit::Label labelOf(const lir::Block* block) const;
    // The stub that leaves through the instruction's exit.
    asmjit::Label exitLabel(const lir::Instr& instr, const InstrPlaces& places);
    // The same, as the index of its record, without a stub.
    uint32_t exitRecord(const lir::Instr& instr, const InstrPlaces& places) {
        return exits_.add(instr, places);
    }
    asmjit::Label exitLabel(uint32_t record);
    // The form that the instruction needs.
    asmjit::Label observeTail(const lir::Instr& instr, const InstrPlaces& places);
    // Whether a release leaves when the finalizer began to trace.
    bool mayLeave(const lir::Instr& release) const;
    asmjit::Label plainTail();
    // What a release has to store so that the frame shows what its record says. Nothing if that is
    // much, or takes more than to store: the routine that reads records does it then.
    std::optional<std::vector<FrameStore>> storesThatShow(const lir::Instr& instr,
                                                          const InstrPlaces& places) const;
    // Whether a jump to `block` from the end of the current block is a fall through.
    bool isNext(const lir::Block* block) const { return layout_.resolve(block) == next_; }
    void emitJumpUnlessNext(const lir::Block* block);
    void performMoves(const std::vector<regalloc::Move>& parallel);
    // Moves a call's arguments, operands [first, end), to their registers; with `pointer` also that
    // place to gp register `pointerTo`, in parallel.
    void moveArguments(const lir::Instr& instr, const InstrPlaces& places, size_t first,
                       Place pointer = {}, int pointerTo = -1);
    // Emits `code` after the blocks.
    void outOfLine(std::function<void()> code) { outOfLine_.push_back(std::move(code)); }
    // Registers that the exits read, for emitExitTail.
    uint64_t exitRegisters(lir::RegClass cls) const { return exits_.registersRead(cls); }
    // Registers that the allocation uses anywhere.
    uint64_t usedRegisters(lir::RegClass cls) const { return used_[static_cast<size_t>(cls)]; }

    const Target& target_;
    const lir::Function& fn_;
    const regalloc::Allocation& allocation_;
    const RuntimeAddresses& runtime_;
    const uint64_t base_;
    const void* const blob_;

  private:
    void handleError(asmjit::Error error, const char* message,
                     asmjit::BaseEmitter* origin) override;
    void check(asmjit::Error error);
    void emitBlock(const lir::Block& block);
    void findUsedRegisters();
    void comment(const lir::Block& block);
    void comment(const lir::Instr& instr);

    BlockLayout layout_;
    ExitTable exits_;
    std::vector<asmjit::Label> labels_;         // by block id
    std::vector<asmjit::Label> stubs_;          // by record; not valid where nothing leaves
    std::array<asmjit::Label, 2> observeTails_; // without and with floats
    asmjit::Label plainTail_;
    uint64_t used_[2] = {0, 0}; // by lir::RegClass
    std::vector<std::function<void()>> outOfLine_;
    const lir::Block* next_ = nullptr;
    const regalloc::BlockPlaces* current_ = nullptr;
    asmjit::StringLogger logger_; // outlives code_
    asmjit::CodeHolder code_;
    asmjit::BaseAssembler* asm_ = nullptr;
    bool wantListing_;
    std::string failure_;
};

} // namespace pyston::cpu
