// For tests of the emitters: LIR text with places that the test chooses, and running the result.
#pragma once

#include "cpu/target.h"
#include "lir/lir.h"
#include "regalloc/regalloc.h"
#include "runtime/code_memory.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pyston::test {

using regalloc::Place;

inline Place reg(int index) {
    return {Place::kRegister, static_cast<int16_t>(index)};
}
inline Place slot(int index) {
    return {Place::kSpill, static_cast<int16_t>(index)};
}

inline std::unique_ptr<lir::Function> parseLir(const std::string& text) {
    std::string error;
    auto fn = lir::parse(text, &error);
    EXPECT_TRUE(fn) << error << "\n" << text;
    if (fn) {
        EXPECT_EQ(lir::verify(*fn), "") << text;
    }
    return fn;
}

// Gives every virtual register one place for the whole function: the one in `homes`, else a
// register that no other has. A spilled one must be written by a move that the test adds itself.
inline regalloc::Allocation placeByHand(const lir::Function& fn, const cpu::Target& target,
                                        const std::map<int, Place>& homes = {}) {
    std::vector<Place> home(fn.classes.size());
    uint64_t used[2] = {0, 0};
    regalloc::Allocation allocation;
    for (auto [v, place] : homes) {
        home[v] = place;
        if (place.kind == Place::kRegister)
            used[static_cast<int>(fn.classes[v])] |= uint64_t{1} << place.index;
        else
            allocation.numSpills = std::max(allocation.numSpills, place.index + 1);
    }
    for (size_t v = 0; v < home.size(); ++v) {
        if (home[v].kind != Place::kNone)
            continue;
        const bool isFloat = fn.classes[v] == lir::RegClass::kFloat;
        uint64_t& taken = used[isFloat];
        const uint64_t free = (isFloat ? target.fpAllocatable : target.gpAllocatable) & ~taken;
        EXPECT_NE(free, 0u) << "too many registers for placeByHand";
        home[v] = reg(__builtin_ctzll(free));
        taken |= uint64_t{1} << home[v].index;
    }
    size_t numOperands = 0;
    for (const auto& block : fn.blocks) {
        for (const lir::Instr& instr : block->instrs) {
            numOperands += instr.operands.size();
            if (instr.exit < 0)
                continue;
            const lir::ExitPoint& exit = fn.exits[instr.exit];
            numOperands += exit.slots.size() + exit.stack.size() + exit.releases.size();
        }
    }
    allocation.places.reserve(numOperands);
    auto placesOf = [&](const auto& operands, auto placeOf) {
        const size_t first = allocation.places.size();
        for (const auto& operand : operands)
            allocation.places.push_back(placeOf(operand));
        EXPECT_LE(allocation.places.size(), numOperands);
        return std::span(allocation.places).subspan(first);
    };
    auto exitPlace = [&](const lir::ExitOperand& operand) {
        return operand.kind == lir::ExitOperand::kReg ? home[operand.reg] : Place{};
    };
    for (const auto& block : fn.blocks) {
        if (static_cast<size_t>(block->id) >= allocation.blocks.size())
            allocation.blocks.resize(block->id + 1);
        regalloc::BlockPlaces& blockPlaces = allocation.blocks[block->id];
        for (const lir::Instr& instr : block->instrs) {
            regalloc::InstrPlaces places;
            places.operands = placesOf(instr.operands, [&](const lir::Operand& operand) {
                return operand.isImm ? Place{} : home[operand.reg];
            });
            if (instr.result != lir::kNoReg)
                places.result = home[instr.result];
            if (instr.exit >= 0) {
                places.exitSlots = placesOf(fn.exits[instr.exit].slots, exitPlace);
                places.exitStack = placesOf(fn.exits[instr.exit].stack, exitPlace);
                places.exitReleases = placesOf(fn.exits[instr.exit].releases, exitPlace);
            }
            if (instr.has(lir::kColdCall)) {
                places.liveGpAcross = used[0] & target.gpCallerSaved;
                places.liveFpAcross = used[1] & target.fpCallerSaved;
                if (instr.result != lir::kNoReg)
                    places.liveGpAcross &= ~(uint64_t{1} << places.result.index);
            }
            blockPlaces.instrs.push_back(std::move(places));
            if (instr.op == lir::Opcode::kJump) {
                const lir::Block* to = instr.targets[0];
                for (size_t i = 0; i < to->params.size(); ++i)
                    blockPlaces.atEnd.push_back(
                        {fn.classes[to->params[i]], home[instr.args[0][i]], home[to->params[i]]});
            }
        }
    }
    return allocation;
}

// What the last exit handed over.
struct TakenExit {
    bool taken = false;
    ThreadState* tstate;
    Frame* frame;
    const void* blob;
    uint32_t index;
    std::vector<uint64_t> gp, spills;
    std::vector<double> fp;
    bool resumed = false;
};
inline TakenExit takenExit;
inline int numSpillsToSave = 0;
inline int numRegistersToSave = 16;

inline constexpr uintptr_t kMaterialized = 0xabcdef0123456789;
inline constexpr uintptr_t kResumed = 0x7777;

inline uintptr_t materializeForTest(ThreadState* tstate, Frame* frame, void* blob, uint32_t index,
                                    const exits::MachineState* state) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) % 16, 0u);
    takenExit = {.taken = true,
                 .tstate = tstate,
                 .frame = frame,
                 .blob = blob,
                 .index = index,
                 .gp = {state->gp, state->gp + numRegistersToSave},
                 .spills = {state->spills, state->spills + numSpillsToSave},
                 .fp = {state->fp, state->fp + numRegistersToSave}};
    return kMaterialized;
}

inline Object* resumeForTest(ThreadState* tstate, Frame* frame, uintptr_t result) {
    EXPECT_EQ(tstate, takenExit.tstate);
    EXPECT_EQ(frame, takenExit.frame);
    EXPECT_EQ(result, kMaterialized);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) % 16, 0u);
    takenExit.resumed = true;
    return reinterpret_cast<Object*>(kResumed);
}

inline std::vector<Object*> deallocated;
inline void scratchRegisters();
inline void deallocForTest(Object* object) {
    deallocated.push_back(object);
    scratchRegisters();
}

// Observations: the object that died (0: what is pending was served), and what the record shows.
struct Observed {
    uint64_t dead = 0;
    std::vector<uint64_t> slots; // the bits of the locals that the record names
    bool operator==(const Observed&) const = default;
};
inline std::vector<Observed> observed;
inline int observeFails = 0;

// The bits of a value that an exit record locates.
inline uint64_t bitsAt(const exits::Location& at, const cpu::EmittedCode& code,
                       const exits::MachineState& state) {
    switch (at.kind) {
    case exits::Location::kGpRegister:
        return state.gp[at.index];
    case exits::Location::kFpRegister:
        return std::bit_cast<uint64_t>(state.fp[at.index]);
    case exits::Location::kSpill:
        return state.spills[at.index];
    case exits::Location::kConst:
        return code.constants.at(at.index);
    default:
        return 0;
    }
}

// What frees their instances.
inline void (*plainClasses[3])(Object*) = {deallocForTest, deallocForTest, deallocForTest};

int observeForTest(ThreadState*, Frame*, void* blob, uint32_t index,
                   const exits::MachineState* state, Object* dead);

inline cpu::RuntimeAddresses runtimeForTest() {
    return {.dealloc = reinterpret_cast<uint64_t>(&deallocForTest),
            .materialize = reinterpret_cast<uint64_t>(&materializeForTest),
            .resume = reinterpret_cast<uint64_t>(&resumeForTest),
            .observe = reinterpret_cast<uint64_t>(&observeForTest),
            .plainClasses = {reinterpret_cast<uint64_t>(&plainClasses[0]),
                             reinterpret_cast<uint64_t>(&plainClasses[1]),
                             reinterpret_cast<uint64_t>(&plainClasses[2])},
            .classOffset = 8,
            .classDeallocOffset = 0,
            .frameSlotsOffset = 16,
            .framePrevInstrOffset = 8};
}

// Callees leave nothing in the registers that they may use.
inline void scratchRegisters() {
#if defined(__x86_64__)
    asm volatile("mov $-1, %%rax; mov %%rax, %%rcx; mov %%rax, %%rdx; mov %%rax, %%rsi\n\t"
                 "mov %%rax, %%rdi; mov %%rax, %%r8; mov %%rax, %%r9; mov %%rax, %%r10\n\t"
                 "mov %%rax, %%r11; pcmpeqd %%xmm0, %%xmm0; movaps %%xmm0, %%xmm1\n\t"
                 "movaps %%xmm0, %%xmm2; movaps %%xmm0, %%xmm3; movaps %%xmm0, %%xmm4\n\t"
                 "movaps %%xmm0, %%xmm5; movaps %%xmm0, %%xmm6; movaps %%xmm0, %%xmm7\n\t"
                 "movaps %%xmm0, %%xmm8; movaps %%xmm0, %%xmm9; movaps %%xmm0, %%xmm10\n\t"
                 "movaps %%xmm0, %%xmm11; movaps %%xmm0, %%xmm12; movaps %%xmm0, %%xmm13\n\t"
                 "movaps %%xmm0, %%xmm14; movaps %%xmm0, %%xmm15"
                 :
                 :
                 : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm1",
                   "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
                   "xmm12", "xmm13", "xmm14", "xmm15");
#endif
}

// Compiled for this machine and callable. The "thread state" points to the test's input array and
// the "frame" to its output array.
class Compiled {
  public:
    Compiled(const lir::Function& fn, const regalloc::Allocation& allocation)
        : numSlots_(fn.numSlots) {
        size_ = 1 << 16;
        base_ = runtime::reserveCode(size_);
        EXPECT_NE(base_, nullptr);
        code_ = cpu::hostTarget().emit(fn, allocation, runtimeForTest(),
                                       reinterpret_cast<uint64_t>(base_), this, true);
        EXPECT_FALSE(code_.bytes.empty()) << code_.listing;
        EXPECT_LE(code_.bytes.size(), size_);
        EXPECT_TRUE(runtime::writeCode(base_, code_.bytes));
        numSpillsToSave = allocation.numSpills;
    }
    Compiled(const std::string& text, const std::map<int, Place>& homes = {})
        : Compiled(*parseLir(text), homes) {}
    Compiled(const lir::Function& fn, const std::map<int, Place>& homes)
        : Compiled(fn, placeByHand(fn, cpu::hostTarget(), homes)) {}
    Compiled(const Compiled&) = delete;
    ~Compiled() { runtime::releaseCode(base_, size_); }

    uint64_t call(const void* inputs, void* outputs = nullptr, int entryOffset = 0) {
        takenExit = {};
        const void* entry = nullptr;
        for (auto [offset, native] : code_.entries)
            if (offset == entryOffset)
                entry = base_ + native;
        EXPECT_NE(entry, nullptr);
        using Native = uint64_t (*)(const void*, void*, const void*);
        return reinterpret_cast<Native>(base_)(inputs, outputs, entry);
    }
    uint64_t operator()(std::vector<uint64_t> inputs) { return call(inputs.data()); }

    const cpu::EmittedCode& code() const { return code_; }
    uint8_t* base() const { return base_; }
    const exits::Record& record() const { return code_.exits.at(takenExit.index); }

    // The bits of the value at location #i of the exit that was taken.
    uint64_t exitValue(size_t i) const {
        const exits::Location& at = code_.locations.at(record().firstLocation + i);
        uint64_t bits = 0;
        switch (at.kind) {
        case exits::Location::kGpRegister:
            return takenExit.gp.at(at.index);
        case exits::Location::kFpRegister:
            std::memcpy(&bits, &takenExit.fp.at(at.index), 8);
            return bits;
        case exits::Location::kSpill:
            return takenExit.spills.at(at.index);
        case exits::Location::kConst:
            return code_.constants.at(at.index);
        default:
            ADD_FAILURE() << "no value";
            return 0;
        }
    }

    void observe(uint32_t index, const exits::MachineState& state, Object* dead) const {
        Observed seen{reinterpret_cast<uint64_t>(dead), {}};
        const exits::Record& record = code_.exits.at(index);
        for (int i = 0; i < numSlots_; ++i)
            seen.slots.push_back(bitsAt(
                code_.locations.at(record.firstLocation + static_cast<size_t>(i)), code_, state));
        observed.push_back(std::move(seen));
    }

  private:
    int numSlots_;
    uint8_t* base_;
    size_t size_;
    cpu::EmittedCode code_;
};

inline int observeForTest(ThreadState*, Frame*, void* blob, uint32_t index,
                          const exits::MachineState* state, Object* dead) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) % 16, 0u);
    static_cast<const Compiled*>(blob)->observe(index, *state, dead);
    if (dead)
        deallocated.push_back(dead);
    const int result = dead ? 0 : observeFails;
    scratchRegisters();
    return result;
}

} // namespace pyston::test
