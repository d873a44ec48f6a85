// Reads the text form of LIR (docs/lir.md). One case per operand format, none per operation.
#include "lir/lir.h"
#include "lir/names.h"

#include <cctype>
#include <map>

namespace pyston::lir {

namespace {

class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text), fn_(std::make_unique<Function>()) {}

    std::unique_ptr<Function> run(std::string* error) {
        if (parseHeader()) {
            while (!failed() && !atEnd()) {
                if (tryWord("exit"))
                    parseExit();
                else
                    parseBlock();
            }
        }
        for (auto& [id, block] : blocks_) {
            if (!failed() && !block.owned)
                continue; // moved into the function
            if (!failed())
                fail("block b" + std::to_string(id) + " is named but not given");
        }
        if (failed()) {
            if (error)
                *error = error_;
            return nullptr;
        }
        fn_->computePreds();
        return std::move(fn_);
    }

  private:
    // A block that was named; `owned` until its own text is found.
    struct NamedBlock {
        std::unique_ptr<Block> owned;
        Block* block = nullptr;
    };

    bool failed() const { return !error_.empty(); }

    bool fail(std::string message) {
        if (failed())
            return false;
        size_t line = 1;
        for (size_t i = 0; i < pos_ && i < text_.size(); ++i)
            line += text_[i] == '\n';
        error_ = "line " + std::to_string(line) + ": " + std::move(message);
        return false;
    }

    // Skips blanks and comments, which run from a semicolon to the end of the line.
    void skipSpace() {
        while (pos_ < text_.size()) {
            if (text_[pos_] == ';') {
                while (pos_ < text_.size() && text_[pos_] != '\n')
                    ++pos_;
            } else if (std::isspace(static_cast<unsigned char>(text_[pos_]))) {
                ++pos_;
            } else {
                break;
            }
        }
    }

    bool atEnd() {
        skipSpace();
        return pos_ >= text_.size();
    }

    // True if only blanks are left on this line. Operand lists end with the line.
    bool atLineEnd() {
        while (pos_ < text_.size() && (text_[pos_] == ' ' || text_[pos_] == '\t'))
            ++pos_;
        return pos_ >= text_.size() || text_[pos_] == '\n' || text_[pos_] == '\r' ||
               text_[pos_] == ';';
    }

    bool tryChar(char c) {
        skipSpace();
        if (pos_ >= text_.size() || text_[pos_] != c)
            return false;
        ++pos_;
        return true;
    }

    bool expect(char c) { return tryChar(c) || fail(std::string("expected '") + c + "'"); }

    static bool isWordChar(char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
    }

    std::string_view peekWord() {
        skipSpace();
        size_t end = pos_;
        while (end < text_.size() && isWordChar(text_[end]))
            ++end;
        return text_.substr(pos_, end - pos_);
    }

    std::string_view word() {
        std::string_view w = peekWord();
        pos_ += w.size();
        return w;
    }

    bool tryWord(std::string_view expected) {
        if (peekWord() != expected)
            return false;
        pos_ += expected.size();
        return true;
    }

    bool expectWord(std::string_view expected) {
        return tryWord(expected) || fail("expected '" + std::string(expected) + "'");
    }

    bool parseInt(int64_t* out) {
        bool negative = tryChar('-');
        std::string_view w = word();
        bool hex = w.size() > 2 && w[0] == '0' && (w[1] == 'x' || w[1] == 'X');
        uint64_t value = 0;
        if (w.empty())
            return fail("expected a number");
        for (char c : w.substr(hex ? 2 : 0)) {
            int digit = std::isdigit(static_cast<unsigned char>(c)) ? c - '0'
                        : hex && std::isxdigit(static_cast<unsigned char>(c))
                            ? std::tolower(c) - 'a' + 10
                            : -1;
            if (digit < 0)
                return fail("bad number '" + std::string(w) + "'");
            value = value * (hex ? 16 : 10) + static_cast<uint64_t>(digit);
        }
        *out = static_cast<int64_t>(negative ? 0 - value : value);
        return true;
    }

    template<class T> bool parseNumber(T* out) {
        int64_t value = 0;
        if (!parseInt(&value))
            return false;
        *out = static_cast<T>(value);
        return true;
    }

    // A word of `prefix` and a number: v12, b3, e0. Of six digits at most, since tables are indexed
    // by them.
    bool isNumbered(std::string_view w, char prefix) {
        if (w.size() < 2 || w.size() > 7 || w[0] != prefix)
            return false;
        for (char c : w.substr(1)) {
            if (!std::isdigit(static_cast<unsigned char>(c)))
                return false;
        }
        return true;
    }

    bool parseNumbered(char prefix, int* out) {
        std::string_view w = peekWord();
        if (!isNumbered(w, prefix))
            return fail(std::string("expected '") + prefix + "' and a number");
        pos_ += w.size();
        *out = std::stoi(std::string(w.substr(1)));
        return true;
    }

    bool parseReg(VReg* out) {
        if (!parseNumbered('v', out))
            return false;
        if (static_cast<size_t>(*out) >= fn_->classes.size())
            fn_->classes.resize(*out + 1, RegClass::kInt);
        return true;
    }

    template<class Enum> bool parseName(Enum* out) {
        std::string_view w = word();
        for (int i = 0; !name(static_cast<Enum>(i)).empty(); ++i) {
            if (name(static_cast<Enum>(i)) == w) {
                *out = static_cast<Enum>(i);
                return true;
            }
        }
        return fail("unknown word '" + std::string(w) + "'");
    }

    NamedBlock& named(int id) {
        NamedBlock& entry = blocks_[id];
        if (!entry.block) {
            entry.owned = std::make_unique<Block>();
            entry.block = entry.owned.get();
            entry.block->id = id;
        }
        return entry;
    }

    bool parseHeader() {
        if (!expectWord("function") || !expect('"'))
            return false;
        size_t end = text_.find('"', pos_);
        if (end == std::string_view::npos)
            return fail("the name does not end");
        fn_->name = std::string(text_.substr(pos_, end - pos_));
        pos_ = end + 1;
        return expectWord("slots") && parseNumber(&fn_->numSlots) && expectWord("outgoing") &&
               parseNumber(&fn_->outgoingBytes);
    }

    bool parseBlock() {
        int id = 0;
        if (!parseNumbered('b', &id))
            return false;
        NamedBlock& entry = named(id);
        if (!entry.owned)
            return fail("block b" + std::to_string(id) + " is given twice");
        Block& block = *entry.block;
        fn_->blocks.push_back(std::move(entry.owned));
        if (tryChar('(')) {
            do {
                VReg v = kNoReg;
                if (!parseReg(&v) || !expect(':'))
                    return false;
                std::string_view cls = word();
                if (cls != "g" && cls != "f")
                    return fail("expected g or f");
                fn_->classes[v] = cls == "f" ? RegClass::kFloat : RegClass::kInt;
                block.params.push_back(v);
            } while (tryChar(','));
            if (!expect(')'))
                return false;
        }
        if (!expect(':'))
            return false;
        while (!atLineEnd()) {
            if (tryWord("cold"))
                block.cold = true;
            else if (tryWord("entry") ? !parseNumber(&block.entryOffset)
                                      : !expectWord("depth") || !parseNumber(&block.loopDepth))
                return false;
        }
        while (!atEnd() && peekWord() != "exit" && !isNumbered(peekWord(), 'b')) {
            if (!parseInstr(block))
                return false;
        }
        return true;
    }

    bool parseInstr(Block& block) {
        Instr instr;
        if (isNumbered(peekWord(), 'v') && (!parseReg(&instr.result) || !expect('=')))
            return false;
        std::string_view opName = word();
        if (!parseOpcode(opName, &instr.op))
            return fail("unknown operation '" + std::string(opName) + "'");
        if (instr.result != kNoReg && instr.info().result == ResultKind::kFloat)
            fn_->classes[instr.result] = RegClass::kFloat;
        if (instr.has(kCompare) && (!expect('.') || !parseCc(&instr.cc)))
            return false;
        bool first = true;
        int targets = 0;
        while (!atLineEnd() && text_.substr(pos_, 2) != "->") {
            if (!first && !expect(','))
                return false;
            first = false;
            skipSpace();
            if (isNumbered(peekWord(), 'b') ? !parseTarget(instr, targets++) : !parseOperand(instr))
                return false;
        }
        if (!atLineEnd() && (!expect('-') || !expect('>') || !parseNumbered('e', &instr.exit)))
            return false;
        block.instrs.push_back(std::move(instr));
        return true;
    }

    bool parseCc(Cc* out) {
        std::string_view w = word();
        for (int i = 0; i <= static_cast<int>(Cc::kFNotGe); ++i) {
            if (name(static_cast<Cc>(i)) == w) {
                *out = static_cast<Cc>(i);
                return true;
            }
        }
        return fail("unknown condition '" + std::string(w) + "'");
    }

    bool parseTarget(Instr& instr, int index) {
        int id = 0;
        if (index > 1)
            return fail("too many targets");
        if (!parseNumbered('b', &id))
            return false;
        instr.targets[index] = named(id).block;
        if (atLineEnd() || !tryChar('('))
            return true;
        do {
            VReg v = kNoReg;
            if (!parseReg(&v))
                return false;
            instr.args[index].push_back(v);
        } while (tryChar(','));
        return expect(')');
    }

    bool parseOperand(Instr& instr) {
        if (tryChar('['))
            return parseMemory(instr);
        if (isNumbered(peekWord(), 'v')) {
            VReg v = kNoReg;
            if (!parseReg(&v))
                return false;
            instr.operands.push_back(Operand::r(v));
            return true;
        }
        int64_t value = 0;
        if (!parseInt(&value))
            return false;
        instr.operands.push_back(Operand::i(value));
        return true;
    }

    // base [+ index*scale] [+ disp | - disp]
    bool parseMemory(Instr& instr) {
        VReg v = kNoReg;
        if (!parseReg(&v))
            return false;
        instr.operands.push_back(Operand::r(v));
        while (!tryChar(']')) {
            int sign = tryChar('-') ? -1 : 1;
            if (sign > 0 && !expect('+'))
                return false;
            if (isNumbered(peekWord(), 'v')) {
                if (!parseReg(&v) || !expect('*') || !parseNumber(&instr.scale))
                    return false;
                instr.operands.push_back(Operand::r(v));
            } else {
                int64_t value = 0;
                if (!parseInt(&value))
                    return false;
                instr.disp = static_cast<int32_t>(sign * value);
            }
        }
        return true;
    }

    bool parseExit() {
        int index = 0;
        if (!parseNumbered('e', &index))
            return false;
        if (index != static_cast<int>(fn_->exits.size()))
            return fail("exits are numbered in order");
        ExitPoint exit;
        if (!expect(':') || !parseName(&exit.reason) || !expectWord("op") ||
            !parseNumber(&exit.hirOpcode) || !expectWord("resume") ||
            !parseNumber(&exit.resumeOffset) || !expectWord("instr") ||
            !parseNumber(&exit.instrOffset))
            return false;
        if (!atLineEnd() && (!expectWord("address") || !parseInt(&exit.instrAddress)))
            return false;
        if (!expectWord("slots") || !parseExitOperands(exit.slots) || !expectWord("stack") ||
            !parseExitOperands(exit.stack) || !expectWord("releases") ||
            !parseExitOperands(exit.releases))
            return false;
        fn_->exits.push_back(std::move(exit));
        return true;
    }

    bool parseExitOperands(std::vector<ExitOperand>& out) {
        while (!atLineEnd()) {
            if (!out.empty() && !expect(','))
                return false;
            ExitOperand o;
            if (tryWord("null")) {
                o.kind = ExitOperand::kNull;
            } else if (tryWord("frame")) {
                o.kind = ExitOperand::kInFrame;
            } else {
                if (tryWord("const")) {
                    o.kind = ExitOperand::kConst;
                    if (!parseInt(&o.bits))
                        return false;
                } else {
                    o.kind = ExitOperand::kReg;
                    if (!parseReg(&o.reg))
                        return false;
                }
                if (!parseName(&o.repr))
                    return false;
                if (!atLineEnd())
                    o.incref = tryWord("incref");
            }
            out.push_back(o);
        }
        return true;
    }

    std::string_view text_;
    size_t pos_ = 0;
    std::string error_;
    std::unique_ptr<Function> fn_;
    std::map<int, NamedBlock> blocks_;
};

} // namespace

std::unique_ptr<Function> parse(std::string_view text, std::string* error) {
    return Parser(text).run(error);
}

} // namespace pyston::lir
