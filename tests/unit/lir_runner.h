// Runs a lowered function in one of two ways: by the evaluator, or as machine code of this CPU.
#pragma once

#include "cpu/target.h"
#include "lir_evaluator.h"
#include "regalloc/regalloc.h"
#include "runtime/code_memory.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace pyston::lir::test {

struct ExitValue {
    ExitOperand::Kind kind = ExitOperand::kNull;
    exits::Repr repr = exits::Repr::kObject;
    bool incref = false;
    uint64_t bits = 0;
};

// An exit that was taken, with the values found.
struct ExitSeen {
    exits::Reason reason{};
    uint8_t hirOpcode = 0;
    int32_t resumeOffset = 0, instrOffset = 0;
    std::vector<ExitValue> slots, stack, releases;
};

// An observation: the object that died (0: what is pending was served), and what the frame shows.
struct ObservedSeen {
    uint64_t dead = 0;
    int32_t instrOffset = 0;
    std::vector<ExitValue> slots;
};

struct Outcome {
    std::shared_ptr<ExitSeen> exit; // null: returned
    uint64_t value = 0;
    std::vector<ObservedSeen> observed;
};

// Whether serving what is pending fails.
inline bool serviceFails = false;

inline Outcome evaluate(const Function& fn, void* tstate, void* frame, int entry) {
    Evaluator evaluator(fn, tstate, frame);
    evaluator.serviceFails = serviceFails;
    const Evaluator::Outcome outcome = evaluator.run(entry);
    std::vector<ObservedSeen> observed;
    for (const Evaluator::Observed& o : evaluator.observed) {
        ObservedSeen seen{o.dead, o.point->instrOffset, {}};
        for (size_t i = 0; i < o.slots.size(); ++i) {
            const ExitOperand& slot = o.point->slots[i];
            seen.slots.push_back({slot.kind, slot.repr, slot.incref, o.slots[i]});
        }
        observed.push_back(std::move(seen));
    }
    if (!outcome.exit)
        return {nullptr, outcome.value, std::move(observed)};
    auto seen = std::make_shared<ExitSeen>();
    seen->reason = outcome.exit->reason;
    seen->hirOpcode = outcome.exit->hirOpcode;
    seen->resumeOffset = outcome.exit->resumeOffset;
    seen->instrOffset = outcome.exit->instrOffset;
    const auto copy = [&](const std::vector<ExitOperand>& from, std::vector<ExitValue>& to) {
        for (const ExitOperand& o : from)
            to.push_back({o.kind, o.repr, o.incref, evaluator.valueOf(o)});
    };
    copy(outcome.exit->slots, seen->slots);
    copy(outcome.exit->stack, seen->stack);
    copy(outcome.exit->releases, seen->releases);
    return {seen, 0, std::move(observed)};
}

// Executable code of one function.
class NativeCode {
  public:
    NativeCode(const Function& fn, uint64_t dealloc) : numSlots_(fn.numSlots) {
        const cpu::Target& target = cpu::hostTarget();
        const regalloc::Allocation allocation = regalloc::allocate(fn, target);
        EXPECT_EQ(regalloc::check(fn, allocation, target), "") << print(fn);
        size_ = 65536;
        base_ = runtime::reserveCode(size_);
        code_ = target.emit(fn, allocation,
                            {dealloc,
                             reinterpret_cast<uint64_t>(&materialize),
                             reinterpret_cast<uint64_t>(&resume),
                             reinterpret_cast<uint64_t>(&observe),
                             {1, 2, 3},
                             8,
                             0},
                            reinterpret_cast<uint64_t>(base_), this, true);
        EXPECT_FALSE(code_.bytes.empty()) << code_.listing;
        EXPECT_LE(code_.bytes.size(), size_);
        EXPECT_TRUE(runtime::writeCode(base_, code_.bytes));
    }
    NativeCode(const NativeCode&) = delete;
    NativeCode& operator=(const NativeCode&) = delete;
    ~NativeCode() { runtime::releaseCode(base_, size_); }

    Outcome run(void* tstate, void* frame, int entry) {
        seen_ = nullptr;
        observed_.clear();
        const uint8_t* address = nullptr;
        for (const auto& [offset, native] : code_.entries) {
            if (offset == entry)
                address = base_ + native;
        }
        EXPECT_NE(address, nullptr) << "no such entry";
        using Native = uint64_t (*)(void*, void*, const void*);
        const uint64_t value = reinterpret_cast<Native>(base_)(tstate, frame, address);
        return {seen_, value, observed_};
    }
    const std::string& listing() const { return code_.listing; }

  private:
    static uint64_t materialize(void*, void*, NativeCode* self, uint32_t exit,
                                const exits::MachineState* machine) {
        self->decode(exit, *machine);
        return 0;
    }
    static uint64_t resume(void*, void*, uint64_t result) { return result; }
    static int observe(void*, void*, NativeCode* self, uint32_t exit,
                       const exits::MachineState* machine, uint64_t dead) {
        const exits::Record& record = self->code_.exits.at(exit);
        ObservedSeen seen{dead, record.instrOffset, {}};
        for (size_t i = 0; i < static_cast<size_t>(self->numSlots_); ++i)
            seen.slots.push_back(
                self->read(self->code_.locations.at(record.firstLocation + i), *machine));
        self->observed_.push_back(std::move(seen));
        const bool mayLeave = dead == 0 || record.reason == exits::Reason::kTracing;
        return mayLeave && serviceFails ? -1 : 0;
    }

    ExitValue read(const exits::Location& l, const exits::MachineState& machine) const {
        using Location = exits::Location;
        const auto index = static_cast<size_t>(l.index);
        switch (l.kind) {
        case Location::kGpRegister:
            return {ExitOperand::kReg, l.repr, l.incref, machine.gp[index]};
        case Location::kFpRegister:
            return {ExitOperand::kReg, l.repr, l.incref,
                    std::bit_cast<uint64_t>(machine.fp[index])};
        case Location::kSpill:
            return {ExitOperand::kReg, l.repr, l.incref, machine.spills[index]};
        case Location::kConst:
            return {ExitOperand::kConst, l.repr, l.incref, code_.constants[index]};
        case Location::kInFrame:
            return {ExitOperand::kInFrame, l.repr, l.incref, 0};
        default:
            return {};
        }
    }

    void decode(uint32_t exit, const exits::MachineState& machine) {
        const exits::Record& record = code_.exits.at(exit);
        seen_ = std::make_shared<ExitSeen>();
        seen_->reason = record.reason;
        seen_->hirOpcode = record.hirOpcode;
        seen_->resumeOffset = record.resumeOffset;
        seen_->instrOffset = record.instrOffset;
        size_t next = record.firstLocation;
        const auto take = [&](size_t count, std::vector<ExitValue>& to) {
            for (size_t i = 0; i < count; ++i)
                to.push_back(read(code_.locations.at(next++), machine));
        };
        take(static_cast<size_t>(numSlots_), seen_->slots);
        take(record.stackDepth, seen_->stack);
        take(record.numReleases, seen_->releases);
    }

    int numSlots_;
    uint8_t* base_ = nullptr;
    size_t size_ = 0;
    cpu::EmittedCode code_;
    std::shared_ptr<ExitSeen> seen_;
    std::vector<ObservedSeen> observed_;
};

} // namespace pyston::lir::test
