// The inverse of print.cpp: a line at a time, names resolved at the end.
#include "hir/hir.h"

#include "runtime/helpers.h"

#include <bit>
#include <charconv>
#include <map>

namespace pyston::hir {
namespace {

// Words of a line. Punctuation is a word of its own, except that `"` begins a quoted string.
class Line {
  public:
    explicit Line(std::string_view text) : rest_(text) { skipBlanks(); }

    bool atEnd() const { return rest_.empty(); }
    char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
    bool accept(std::string_view token) {
        Line saved = *this;
        if (word() == token) {
            return true;
        }
        *this = saved;
        return false;
    }
    std::string_view word() {
        constexpr std::string_view kPunctuation = "[]{}()=,|;";
        size_t n = 0;
        if (!rest_.empty() && (kPunctuation.find(rest_.front()) != std::string_view::npos)) {
            n = 1;
        } else {
            while (n < rest_.size() && rest_[n] != ' ' &&
                   kPunctuation.find(rest_[n]) == std::string_view::npos) {
                n++;
            }
            // A colon separates only at the end of a word ("obj:int" is one).
            if (n > 1 && rest_[n - 1] == ':') {
                n--;
            }
        }
        return take(n);
    }
    bool quoted(std::string* out) {
        if (peek() != '"') {
            return false;
        }
        size_t i = 1;
        for (; i < rest_.size() && rest_[i] != '"'; i++) {
            if (rest_[i] == '\\' && ++i < rest_.size()) {
                *out += rest_[i] == 'n' ? '\n' : rest_[i];
            } else if (i < rest_.size()) {
                *out += rest_[i];
            }
        }
        if (i >= rest_.size()) {
            return false;
        }
        take(i + 1);
        return true;
    }

  private:
    std::string_view take(size_t n) {
        std::string_view result = rest_.substr(0, n);
        rest_.remove_prefix(n);
        skipBlanks();
        return result;
    }
    void skipBlanks() {
        while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) {
            rest_.remove_prefix(1);
        }
    }
    std::string_view rest_;
};

template<typename T> bool parseNumber(std::string_view text, T* out) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
    return error == std::errc() && end == text.data() + text.size();
}

bool parseHex(std::string_view text, uint64_t* out) {
    if (!text.starts_with("0x")) {
        return false;
    }
    text.remove_prefix(2);
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out, 16);
    return error == std::errc() && end == text.data() + text.size();
}

// Tables are indexed by numbers of values and blocks.
constexpr int kMaxId = 1 << 20;

// "v12" with prefix "v" is 12.
bool parseId(std::string_view word, std::string_view prefix, int* out) {
    return word.starts_with(prefix) && parseNumber(word.substr(prefix.size()), out) && *out >= 0 &&
           *out <= kMaxId;
}

bool parseAction(std::string_view word, ExitReferences::Action* out) {
    if (word == "move" || word == "_") {
        *out = ExitReferences::kMove;
    } else if (word == "incref") {
        *out = ExitReferences::kIncref;
    } else if (word == "frame") {
        *out = ExitReferences::kInFrame;
    } else if (word == "consumed") {
        *out = ExitReferences::kConsumed;
    } else {
        return false;
    }
    return true;
}

class Parser {
  public:
    std::unique_ptr<Function> run(std::string_view text, std::string* error) {
        bool ok = true;
        for (size_t begin = 0; ok && begin < text.size();) {
            size_t end = std::min(text.find('\n', begin), text.size());
            lineNumber_++;
            ok = parseLine(text.substr(begin, end - begin));
            begin = end + 1;
        }
        ok = ok && (state_ == kClosed || fail("missing '}'")) && resolve();
        if (!ok) {
            if (error) {
                *error = error_;
            }
            return nullptr;
        }
        return std::move(fn_);
    }

  private:
    enum State { kBeforeHeader, kInside, kClosed };
    struct Fixup { // an instruction as far as it refers to what may come later
        int line;
        Instr* instr;
        bool named;
        std::vector<std::string_view> operands, targets, releases;
        std::string_view frameState;
        ExitReferences references;
        bool hasReferences = false;
    };
    struct StateFixup {
        int line;
        FrameState* state;
        std::vector<std::string_view> slots, stack;
        std::string_view parent;
    };
    struct BlockFixup {
        int line;
        Block* block;
        std::vector<std::string_view> preds;
        std::string_view startState;
    };

    bool fail(std::string_view reason) {
        if (error_.empty()) {
            error_ = "line " + std::to_string(lineNumber_) + ": " + std::string(reason);
        }
        return false;
    }

    bool parseLine(std::string_view text) {
        Line line(text);
        if (line.atEnd() || line.peek() == ';') { // blank, or a comment
            return true;
        }
        if (state_ == kBeforeHeader) {
            return parseHeader(line);
        }
        if (state_ == kClosed) {
            return fail("text after '}'");
        }
        if (line.accept("}")) {
            state_ = kClosed;
            return line.atEnd() || fail("text after '}'");
        }
        Line saved = line;
        std::string_view first = line.word();
        int id = 0;
        if (parseId(first, "bb", &id)) {
            return parseBlock(line, id);
        }
        if (parseId(first, "fs", &id)) {
            return parseFrameState(line, id);
        }
        return parseInstr(saved);
    }

    bool parseAttribute(Line& line, int* out) {
        return (line.accept("=") && parseNumber(line.word(), out)) || fail("expected =number");
    }

    bool parseHeader(Line& line) {
        if (!line.accept("func") || !line.quoted(&fn_->name)) {
            return fail("expected: func \"name\" ... {");
        }
        while (!line.accept("{")) {
            bool ok = true;
            if (line.accept("slots")) {
                ok = parseAttribute(line, &fn_->numSlots);
            } else if (line.accept("locals")) {
                ok = parseAttribute(line, &fn_->numLocals);
            } else if (line.accept("stack")) {
                ok = parseAttribute(line, &fn_->stackSize);
            } else if (line.accept("generic")) {
                ok = parseGenericSites(line);
            } else {
                ok = fail("unknown attribute of the function");
            }
            if (!ok) {
                return false;
            }
        }
        state_ = kInside;
        return line.atEnd() || fail("text after '{'");
    }

    bool parseGenericSites(Line& line) {
        if (!line.accept("=") || !line.accept("[")) {
            return fail("expected a list of offsets");
        }
        while (!line.accept("]")) {
            int site = 0;
            if (!parseNumber(line.word(), &site)) {
                return fail("expected an offset");
            }
            fn_->genericSites.insert(site);
        }
        return true;
    }

    bool parseBlock(Line& line, int id) {
        BlockFixup fixup{lineNumber_, nullptr, {}, {}};
        int entryOffset = -1;
        bool loop = false;
        bool cold = false;
        if (line.accept("<-")) {
            while (line.peek() == 'b') {
                fixup.preds.push_back(line.word());
            }
        }
        if (line.accept("(")) {
            do {
                if (line.accept("entry")) {
                    if (!parseNumber(line.word(), &entryOffset) || entryOffset < 0) {
                        return fail("expected the entry's offset");
                    }
                } else if (line.accept("loop")) {
                    loop = true;
                } else if (line.accept("cold")) {
                    cold = true;
                } else if (line.accept("start")) {
                    fixup.startState = line.word();
                } else {
                    return fail("unknown attribute of the block");
                }
            } while (line.accept(","));
            if (!line.accept(")")) {
                return fail("expected ')'");
            }
        }
        if (!line.accept(":") || !line.atEnd()) {
            return fail("expected ':' at the end of a block's header");
        }
        Block* block = fn_->newBlock(entryOffset);
        fn_->setId(block, id);
        block->setLoopHeader(loop);
        block->setCold(cold);
        if (!blocks_.emplace(id, block).second) {
            return fail("block defined twice");
        }
        fixup.block = block;
        blockFixups_.push_back(std::move(fixup));
        return true;
    }

    bool parseInstr(Line& line) {
        if (blockFixups_.empty()) {
            return fail("instruction outside of a block");
        }
        int id = -1;
        Type type = kVoid;
        std::string_view word = line.word();
        if (line.accept("=")) {
            size_t colon = word.find(':');
            if (colon == std::string_view::npos || !parseId(word.substr(0, colon), "v", &id) ||
                !parseType(word.substr(colon + 1), &type) || type == kVoid) {
                return fail("expected a value and its type before '='");
            }
            word = line.word();
        }
        Opcode op{};
        if (!parseOpcode(word, &op)) {
            return fail("unknown operation '" + std::string(word) + "'");
        }
        Instr* instr = fn_->newInstr(op, type);
        if (id >= 0 && !values_.emplace(id, instr).second) {
            return fail("value defined twice");
        }
        if (id >= 0) {
            fn_->setId(instr, id);
        }
        blockFixups_.back().block->append(instr);
        Fixup fixup{lineNumber_, instr, id >= 0, {}, {}, {}, {}, {}, false};
        bool ok = parseRest(line, fixup);
        fixups_.push_back(std::move(fixup));
        return ok;
    }

    // Everything after the operation's name.
    bool parseRest(Line& line, Fixup& fixup) {
        Instr* instr = fixup.instr;
        Imm imm = instr->info().imm;
        if (imm == Imm::kHelper && !parseImmediate(line, instr)) {
            return false;
        }
        int id = 0;
        for (Line saved = line;; saved = line) {
            std::string_view word = line.word();
            if (word != "_" && word != "dead" && !parseId(word, "v", &id)) {
                line = saved;
                break;
            }
            fixup.operands.push_back(word);
        }
        if (imm != Imm::kHelper && imm != Imm::kNone && !parseImmediate(line, instr)) {
            return false;
        }
        if (line.peek() == '#') {
            int64_t imm2 = 0;
            if (!parseNumber(line.word().substr(1), &imm2)) {
                return fail("expected #number");
            }
            instr->setImm2(imm2);
        }
        while (line.peek() == 'b') {
            fixup.targets.push_back(line.word());
        }
        if (line.accept("[") && !parseExit(line, fixup)) {
            return false;
        }
        return line.atEnd() || fail("unexpected '" + std::string(line.word()) + "'");
    }

    bool parseImmediate(Line& line, Instr* instr) {
        Imm kind = instr->info().imm;
        std::string_view word = line.word();
        int64_t value = 0;
        uint64_t bits = 0;
        bool ok = false;
        switch (kind) {
        case Imm::kNone:
            break;
        case Imm::kInt:
        case Imm::kSlot:
        case Imm::kOffset: {
            char prefix = kind == Imm::kInt ? '#' : kind == Imm::kSlot ? '$' : '@';
            ok = word.starts_with(prefix) && parseNumber(word.substr(1), &value);
            break;
        }
        case Imm::kVersion:
            ok = word == "version" && parseNumber(line.word(), &value);
            break;
        case Imm::kObject:
        case Imm::kCode:
            ok = parseHex(word, &bits);
            value = static_cast<int64_t>(bits);
            break;
        case Imm::kClass: {
            ExactClass c{};
            ok = parseClass(word, &c);
            value = static_cast<int64_t>(c);
            break;
        }
        case Imm::kCc:
            for (int i = 0; i < 6; i++) {
                if (name(static_cast<Condition>(i)) == word) {
                    value = i;
                    ok = true;
                }
            }
            break;
        case Imm::kHelper: {
            runtime::Helper helper{};
            ok = runtime::parseHelper(word, &helper);
            value = static_cast<int64_t>(helper);
            break;
        }
        case Imm::kDouble: {
            double d = 0;
            ok = parseHex(word, &bits);
            if (!ok) {
                ok = parseNumber(word, &d);
                bits = std::bit_cast<uint64_t>(d);
            }
            value = static_cast<int64_t>(bits);
            break;
        }
        }
        instr->setImm(value);
        return ok || fail("wrong immediate '" + std::string(word) + "'");
    }

    bool parseExit(Line& line, Fixup& fixup) {
        fixup.frameState = line.word();
        if (line.accept(":")) {
            fixup.hasReferences = true;
            ExitReferences::Action action{};
            while (!line.accept("|")) {
                if (!parseAction(line.word(), &action)) {
                    return fail("expected move, incref, frame, consumed or _");
                }
                fixup.references.slots.push_back(action);
            }
            std::vector<ExitReferences::Action>* list = &fixup.references.stack;
            while (line.peek() != ';' && line.peek() != ']') {
                if (line.accept("|")) {
                    list = &fixup.references.inlined;
                    continue;
                }
                if (!parseAction(line.word(), &action)) {
                    return fail("expected move, incref, frame, consumed or _");
                }
                list->push_back(action);
            }
            if (line.accept(";")) {
                if (!line.accept("releases")) {
                    return fail("expected 'releases'");
                }
                while (line.peek() == 'v') {
                    fixup.releases.push_back(line.word());
                }
            }
        }
        return line.accept("]") || fail("expected ']'");
    }

    bool parseList(Line& line, std::vector<std::string_view>* out) {
        if (!line.accept("=") || !line.accept("[")) {
            return fail("expected =[values]");
        }
        while (!line.accept("]")) {
            if (line.atEnd()) {
                return fail("expected ']'");
            }
            out->push_back(line.word());
        }
        return true;
    }

    bool parseFrameState(Line& line, int id) {
        if (!stateFixups_.empty() && stateFixups_.back().state->id >= id) {
            return fail("frame states must be in ascending order");
        }
        StateFixup fixup{lineNumber_, fn_->newFrameState({}), {}, {}, {}};
        fixup.state->id = id;
        bool ok = line.accept(":") || fail("expected ':'");
        while (ok && !line.atEnd()) {
            if (line.accept("resume")) {
                ok = parseAttribute(line, &fixup.state->resumeOffset);
            } else if (line.accept("at")) {
                ok = parseAttribute(line, &fixup.state->instrOffset);
            } else if (line.accept("slots")) {
                ok = parseList(line, &fixup.slots);
            } else if (line.accept("stack")) {
                ok = parseList(line, &fixup.stack);
            } else if (line.accept("parent") && line.accept("=")) {
                fixup.parent = line.word();
            } else {
                ok = fail("unknown attribute of the frame state");
            }
        }
        states_[id] = fixup.state;
        stateFixups_.push_back(std::move(fixup));
        return ok;
    }

    // --- names to objects

    bool value(std::string_view word, Instr** out) {
        *out = nullptr;
        int id = 0;
        if (word == "_") {
            return true;
        }
        if (word == "dead") {
            if (!dead_) {
                dead_ = fn_->newInstr(Opcode::kConstNull);
            }
            *out = dead_;
            return true;
        }
        auto it = parseId(word, "v", &id) ? values_.find(id) : values_.end();
        if (it == values_.end()) {
            return fail("no value '" + std::string(word) + "'");
        }
        *out = it->second;
        return true;
    }

    bool block(std::string_view word, Block** out) {
        int id = 0;
        auto it = parseId(word, "bb", &id) ? blocks_.find(id) : blocks_.end();
        if (it == blocks_.end()) {
            return fail("no block '" + std::string(word) + "'");
        }
        *out = it->second;
        return true;
    }

    bool state(std::string_view word, FrameState** out) {
        int id = 0;
        auto it = parseId(word, "fs", &id) ? states_.find(id) : states_.end();
        if (it == states_.end()) {
            return fail("no frame state '" + std::string(word) + "'");
        }
        *out = it->second;
        return true;
    }

    bool appendValues(const std::vector<std::string_view>& words, std::vector<Instr*>* out) {
        for (std::string_view word : words) {
            out->push_back(nullptr);
            if (!value(word, &out->back())) {
                return false;
            }
        }
        return true;
    }

    bool resolve() {
        for (Fixup& fixup : fixups_) {
            lineNumber_ = fixup.line;
            if (!resolveInstr(fixup)) {
                return false;
            }
        }
        for (StateFixup& fixup : stateFixups_) {
            lineNumber_ = fixup.line;
            FrameState* parent = nullptr;
            if (!appendValues(fixup.slots, &fixup.state->slots) ||
                !appendValues(fixup.stack, &fixup.state->stack) ||
                (!fixup.parent.empty() && !state(fixup.parent, &parent))) {
                return false;
            }
            fixup.state->parent = parent;
            if (parent) { // the text does not say which function it is
                fn_->inlined.push_back({.numSlots = static_cast<int>(fixup.slots.size())});
                fixup.state->inlined = &fn_->inlined.back();
            }
        }
        if (!checkParents()) {
            return false;
        }
        for (BlockFixup& fixup : blockFixups_) {
            lineNumber_ = fixup.line;
            for (std::string_view pred : fixup.preds) {
                Block* from = nullptr;
                if (!block(pred, &from)) {
                    return false;
                }
                fixup.block->preds().push_back(from);
            }
            FrameState* start = nullptr;
            if (!fixup.startState.empty() && !state(fixup.startState, &start)) {
                return false;
            }
            fixup.block->setStartState(start);
        }
        assignIds();
        return true;
    }

    // A state that is reached from itself would be looked at for ever.
    bool checkParents() {
        std::map<const FrameState*, int> seenFrom; // by the index of a fixup
        for (int i = 0; const StateFixup& fixup : stateFixups_) {
            const FrameState* state = fixup.state;
            for (; state && seenFrom.emplace(state, i).second; state = state->parent) {
            }
            if (state && seenFrom[state] == i) {
                lineNumber_ = fixup.line;
                return fail("a frame state that is its own parent");
            }
            i++;
        }
        return true;
    }

    bool resolveInstr(Fixup& fixup) {
        std::vector<Instr*> operands;
        if (!appendValues(fixup.operands, &operands) ||
            !appendValues(fixup.releases, &fixup.references.releases)) {
            return false;
        }
        for (Instr* operand : operands) {
            fixup.instr->appendOperand(operand);
        }
        for (std::string_view word : fixup.targets) {
            Block* target = nullptr;
            if (!block(word, &target)) {
                return false;
            }
            fixup.instr->appendTarget(target);
        }
        FrameState* frameState = nullptr;
        if (!fixup.frameState.empty() && !state(fixup.frameState, &frameState)) {
            return false;
        }
        fixup.instr->setFrameState(frameState);
        if (fixup.hasReferences) {
            fixup.instr->setExitReferences(std::move(fixup.references));
        }
        return true;
    }

    // Instructions without a result have no number in the text.
    void assignIds() {
        int next = values_.empty() ? 0 : values_.rbegin()->first + 1;
        for (Fixup& fixup : fixups_) {
            if (!fixup.named) {
                fn_->setId(fixup.instr, next++);
            }
        }
        if (dead_) {
            fn_->setId(dead_, next++);
        }
        fn_->reserveIds(next, blocks_.empty() ? 0 : blocks_.rbegin()->first + 1);
    }

    std::unique_ptr<Function> fn_ = std::make_unique<Function>();
    State state_ = kBeforeHeader;
    int lineNumber_ = 0;
    std::string error_;
    std::map<int, Instr*> values_;
    std::map<int, Block*> blocks_;
    std::map<int, FrameState*> states_;
    std::vector<Fixup> fixups_;
    std::vector<StateFixup> stateFixups_;
    std::vector<BlockFixup> blockFixups_;
    Instr* dead_ = nullptr; // stands for values that frame states name but no block holds
};

} // namespace

std::unique_ptr<Function> parse(std::string_view text, std::string* error) {
    return Parser().run(text, error);
}

} // namespace pyston::hir
