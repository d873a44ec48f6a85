// The text form of LIR. One case per operand format, none per operation.
#include "lir/lir.h"
#include "lir/names.h"

#include <cinttypes>
#include <cstdio>

namespace pyston::lir {

namespace {

class Printer {
  public:
    explicit Printer(const Function& fn) : fn_(fn) {}

    std::string run() {
        out_ = "function \"" + fn_.name + "\" slots " + std::to_string(fn_.numSlots) +
               " outgoing " + std::to_string(fn_.outgoingBytes) + "\n";
        for (const auto& block : fn_.blocks)
            printBlock(*block);
        for (size_t i = 0; i < fn_.exits.size(); ++i)
            printExit(i, fn_.exits[i]);
        return std::move(out_);
    }

  private:
    void reg(VReg v) { out_ += "v" + std::to_string(v); }

    void imm(int64_t value) {
        if (value == static_cast<int32_t>(value)) {
            out_ += std::to_string(value);
            return;
        }
        char text[24];
        std::snprintf(text, sizeof text, "0x%" PRIx64, static_cast<uint64_t>(value));
        out_ += text;
    }

    void operand(const Operand& o) {
        if (o.isImm)
            imm(o.imm);
        else
            reg(o.reg);
    }

    void separator(bool* first) {
        out_ += *first ? " " : ", ";
        *first = false;
    }

    void displacement(int32_t disp) {
        if (disp < 0)
            out_ += " - " + std::to_string(-static_cast<int64_t>(disp));
        else if (disp > 0)
            out_ += " + " + std::to_string(disp);
    }

    void printBlock(const Block& block) {
        out_ += "b" + std::to_string(block.id);
        if (!block.params.empty()) {
            out_ += "(";
            for (size_t i = 0; i < block.params.size(); ++i) {
                if (i)
                    out_ += ", ";
                reg(block.params[i]);
                out_ += fn_.classes[block.params[i]] == RegClass::kFloat ? ":f" : ":g";
            }
            out_ += ")";
        }
        out_ += ":";
        if (block.entryOffset >= 0)
            out_ += " entry " + std::to_string(block.entryOffset);
        if (block.cold)
            out_ += " cold";
        if (block.loopDepth)
            out_ += " depth " + std::to_string(block.loopDepth);
        out_ += "\n";
        for (const Instr& instr : block.instrs)
            printInstr(instr);
    }

    void printInstr(const Instr& instr) {
        out_ += "  ";
        if (instr.result != kNoReg) {
            reg(instr.result);
            out_ += " = ";
        }
        out_ += instr.info().name;
        if (instr.has(kCompare)) {
            out_ += ".";
            out_ += name(instr.cc);
        }
        bool first = true;
        size_t next = 0;
        for (char format : instr.info().operands) {
            if (format == '*')
                break;
            size_t needed = format == 'n' ? 2 : 1;
            if (next + needed > instr.operands.size())
                break; // not verified: print what there is
            separator(&first);
            if (format == 'm' || format == 'n')
                out_ += "[";
            operand(instr.operands[next++]);
            if (format == 'n') {
                out_ += " + ";
                operand(instr.operands[next++]);
                out_ += "*" + std::to_string(instr.scale);
            }
            if (format == 'm' || format == 'n') {
                displacement(instr.disp);
                out_ += "]";
            }
        }
        for (; next < instr.operands.size(); ++next) {
            separator(&first);
            operand(instr.operands[next]);
        }
        for (int i = 0; i < 2; ++i) {
            if (!instr.targets[i])
                continue;
            separator(&first);
            out_ += "b" + std::to_string(instr.targets[i]->id);
            if (instr.args[i].empty())
                continue;
            out_ += "(";
            for (size_t k = 0; k < instr.args[i].size(); ++k) {
                if (k)
                    out_ += ", ";
                reg(instr.args[i][k]);
            }
            out_ += ")";
        }
        if (instr.exit >= 0)
            out_ += " -> e" + std::to_string(instr.exit);
        out_ += "\n";
    }

    void printExitOperands(std::string_view label, const std::vector<ExitOperand>& operands) {
        out_ += "  ";
        out_ += label;
        bool first = true;
        for (const ExitOperand& o : operands) {
            separator(&first);
            if (o.kind == ExitOperand::kNull) {
                out_ += "null";
                continue;
            }
            if (o.kind == ExitOperand::kInFrame) {
                out_ += "frame";
                continue;
            }
            if (o.kind == ExitOperand::kReg) {
                reg(o.reg);
            } else {
                out_ += "const ";
                imm(o.bits);
            }
            out_ += " ";
            out_ += name(o.repr);
            if (o.incref)
                out_ += " incref";
        }
        out_ += "\n";
    }

    void printExit(size_t index, const ExitPoint& exit) {
        out_ += "exit e" + std::to_string(index) + ": ";
        out_ += name(exit.reason);
        out_ += " op " + std::to_string(exit.hirOpcode) + " resume " +
                std::to_string(exit.resumeOffset) + " instr " + std::to_string(exit.instrOffset);
        if (exit.instrAddress != 0)
            out_ += " address " + std::to_string(exit.instrAddress);
        out_ += "\n";
        printExitOperands("slots", exit.slots);
        printExitOperands("stack", exit.stack);
        printExitOperands("releases", exit.releases);
    }

    const Function& fn_;
    std::string out_;
};

} // namespace

std::string print(const Function& fn) {
    return Printer(fn).run();
}

} // namespace pyston::lir
