// Text form of a function, see docs/hir.md. Driven by the table: one format per kind of operand or
// immediate, none per operation.
#include "hir/hir.h"

#include "runtime/helpers.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <set>

namespace pyston::hir {
namespace {

class Printer {
  public:
    explicit Printer(const Function& fn)
        : fn_(fn), live_(static_cast<size_t>(fn.numInstrIds()), nullptr) {}

    std::string run() {
        for (const Block* block : fn_.blocks()) {
            for (const Instr* instr : block->instrs()) {
                live_[static_cast<size_t>(instr->id())] = instr;
            }
        }
        header();
        for (const Block* block : fn_.blocks()) {
            blockHeader(block);
            for (const Instr* instr : block->instrs()) {
                instruction(instr);
            }
        }
        for (const auto& state : fn_.frameStates()) {
            if (mentioned_.contains(state.get())) {
                frameState(state.get());
            }
        }
        return std::move(text_) + "}\n";
    }

  private:
    template<typename... Parts> void put(const Parts&... parts) { ((text_ += parts), ...); }
    void putNumber(int64_t n) { text_ += std::to_string(n); }
    void putHex(uint64_t n) {
        std::array<char, 17> digits{};
        char* end = std::to_chars(digits.data(), digits.data() + digits.size(), n, 16).ptr;
        put("0x", std::string_view(digits.data(), static_cast<size_t>(end - digits.data())));
    }

    void header() {
        put("func \"");
        for (char c : fn_.name) {
            if (c == '"' || c == '\\' || c == '\n') {
                put('\\', c == '\n' ? 'n' : c);
            } else {
                put(c);
            }
        }
        put("\" slots=", std::to_string(fn_.numSlots), " locals=", std::to_string(fn_.numLocals),
            " stack=", std::to_string(fn_.stackSize));
        if (!fn_.genericSites.empty()) {
            put(" generic=[");
            const char* separator = "";
            for (int site : std::set<int>(fn_.genericSites.begin(), fn_.genericSites.end())) {
                put(separator, std::to_string(site));
                separator = " ";
            }
            put(']');
        }
        put(" {\n");
    }

    void blockHeader(const Block* block) {
        put("bb", std::to_string(block->id()));
        if (!block->preds().empty()) {
            put(" <-");
            for (const Block* pred : block->preds()) {
                put(" bb", std::to_string(pred->id()));
            }
        }
        const char* separator = " (";
        auto attribute = [&](std::string_view word) {
            put(separator, word);
            separator = ", ";
        };
        if (block->isEntry()) {
            attribute("entry ");
            putNumber(block->entryOffset());
        }
        if (block->isLoopHeader()) {
            attribute("loop");
        }
        if (block->isCold()) {
            attribute("cold");
        }
        if (block->startState()) {
            attribute("start ");
            mention(block->startState());
        }
        put(separator[0] == ',' ? "):\n" : ":\n");
    }

    void value(const Instr* instr) {
        if (!instr) {
            put('_');
        } else if (static_cast<size_t>(instr->id()) >= live_.size() ||
                   live_[static_cast<size_t>(instr->id())] != instr) {
            put("dead");
        } else {
            put('v', std::to_string(instr->id()));
        }
    }

    void mention(const FrameState* state) {
        put("fs", std::to_string(state->id));
        for (; state && mentioned_.insert(state).second; state = state->parent) {
        }
    }

    void instruction(const Instr* instr) {
        put("  ");
        if (instr->type() != kVoid) {
            put('v', std::to_string(instr->id()), ':', toString(instr->type()), " = ");
        }
        const OpcodeInfo& row = instr->info();
        put(row.name);
        if (row.imm == Imm::kHelper) {
            immediate(instr); // it decides about the operands
        }
        for (const Instr* operand : instr->operands()) {
            put(' ');
            value(operand);
        }
        if (row.imm != Imm::kHelper) {
            immediate(instr);
        }
        if (instr->imm2() != 0) {
            put(" #", std::to_string(instr->imm2()));
        }
        for (const Block* target : instr->targets()) {
            put(" bb", std::to_string(target->id()));
        }
        if (instr->hasFrameState()) {
            put(" [");
            mention(instr->frameState());
            if (instr->exitReferences()) {
                exitReferences(*instr->frameState(), *instr->exitReferences());
            }
            put(']');
        }
        put('\n');
    }

    void immediate(const Instr* instr) {
        int64_t imm = instr->imm();
        switch (instr->info().imm) {
        case Imm::kNone:
            return;
        case Imm::kInt:
            put(" #", std::to_string(imm));
            return;
        case Imm::kSlot:
            put(" $", std::to_string(imm));
            return;
        case Imm::kOffset:
            put(" @", std::to_string(imm));
            return;
        case Imm::kVersion:
            put(" version ", std::to_string(imm));
            return;
        case Imm::kObject:
        case Imm::kCode:
            put(' ');
            putHex(static_cast<uint64_t>(imm));
            return;
        case Imm::kClass:
            put(' ', name(instr->immClass()));
            return;
        case Imm::kCc:
            put(' ', name(instr->condition()));
            return;
        case Imm::kHelper:
            put(' ', runtime::info(static_cast<runtime::Helper>(imm)).name);
            return;
        case Imm::kDouble:
            put(' ');
            floating(instr->immDouble());
            return;
        }
    }

    // The shortest decimal that reads back the same; the bits when there is none (infinities,
    // NaNs).
    void floating(double d) {
        if (!std::isfinite(d)) {
            putHex(std::bit_cast<uint64_t>(d));
            return;
        }
        std::array<char, 32> digits{};
        char* end = std::to_chars(digits.data(), digits.data() + digits.size(), d).ptr;
        put(std::string_view(digits.data(), static_cast<size_t>(end - digits.data())));
    }

    void exitReferences(const FrameState& state, const ExitReferences& refs) {
        static constexpr std::array<std::string_view, 4> kWords = {"move", "incref", "frame",
                                                                   "consumed"};
        auto actions = [&](const std::vector<Instr*>& values,
                           const std::vector<ExitReferences::Action>& list) {
            for (size_t i = 0; i < list.size(); i++) {
                bool empty = i < values.size() && !values[i];
                put(' ', empty ? std::string_view("_") : kWords[list[i]]);
            }
        };
        std::vector<Instr*> inlined;
        const FrameState* outermost = &state;
        for (; outermost->parent; outermost = outermost->parent) {
            inlined.insert(inlined.end(), outermost->slots.begin(), outermost->slots.end());
            inlined.insert(inlined.end(), outermost->stack.begin(), outermost->stack.end());
        }
        put(':');
        actions(outermost->slots, refs.slots);
        put(" |");
        actions(outermost->stack, refs.stack);
        if (!refs.inlined.empty()) {
            put(" |");
            actions(inlined, refs.inlined);
        }
        if (!refs.releases.empty()) {
            put(" ; releases");
            for (const Instr* released : refs.releases) {
                put(' ');
                value(released);
            }
        }
    }

    void frameState(const FrameState* state) {
        put("fs", std::to_string(state->id), ": resume=", std::to_string(state->resumeOffset),
            " at=", std::to_string(state->instrOffset), " slots=");
        values(state->slots);
        put(" stack=");
        values(state->stack);
        if (state->parent) {
            put(" parent=fs", std::to_string(state->parent->id));
        }
        put('\n');
    }

    void values(const std::vector<Instr*>& list) {
        put('[');
        for (size_t i = 0; i < list.size(); i++) {
            put(i ? " " : "");
            value(list[i]);
        }
        put(']');
    }

    const Function& fn_;
    std::vector<const Instr*> live_; // by id; frame states may still name removed values
    std::set<const FrameState*> mentioned_;
    std::string text_;
};

} // namespace

std::string print(const Function& fn) {
    return Printer(fn).run();
}

} // namespace pyston::hir
