// co_code_adaptive to build::Bytecode.
#include "cpython/api.h"
#include "cpython/v3_11/code_data.h"
#include "cpython/v3_11/exception_table.h"
#include "cpython/v3_11/feedback.h"
#include "cpython/v3_11/osr.h"

#include <array>

namespace pyston::host {
namespace {

using build::Op;

constexpr int kUnit = sizeof(_Py_CODEUNIT);

enum class Shape : uint8_t {
    kUnknown, // not an opcode of this version
    kSkip,    // CACHE
    kPlain,   // same argument
    kForward, // jump relative to the next instruction, caches included
    kBackward,
    kExtended,
    kKwNames,
    kPrecall,
    kGlobal, // the lowest bit of the argument asks for a NULL
};

struct Row {
    Shape shape = Shape::kUnknown;
    Op op = Op::kNop;
};

constexpr std::array<Row, 256> makeRows() {
    std::array<Row, 256> rows{};
    auto plain = [&](int opcode, Op op) {
        rows[static_cast<size_t>(opcode)] = {Shape::kPlain, op};
    };
    auto shaped = [&](int opcode, Shape shape, Op op) {
        rows[static_cast<size_t>(opcode)] = {shape, op};
    };
    shaped(CACHE, Shape::kSkip, Op::kNop);
    shaped(EXTENDED_ARG, Shape::kExtended, Op::kNop);
    shaped(KW_NAMES, Shape::kKwNames, Op::kNop);
    shaped(PRECALL, Shape::kPrecall, Op::kCall);
    shaped(LOAD_GLOBAL, Shape::kGlobal, Op::kLoadGlobal);

    shaped(FOR_ITER, Shape::kForward, Op::kForIter);
    shaped(SEND, Shape::kForward, Op::kSend);
    shaped(JUMP_FORWARD, Shape::kForward, Op::kJump);
    shaped(JUMP_BACKWARD, Shape::kBackward, Op::kJumpBackward);
    shaped(JUMP_BACKWARD_NO_INTERRUPT, Shape::kBackward, Op::kJump);
    shaped(JUMP_IF_FALSE_OR_POP, Shape::kForward, Op::kJumpIfFalseOrPop);
    shaped(JUMP_IF_TRUE_OR_POP, Shape::kForward, Op::kJumpIfTrueOrPop);
    shaped(POP_JUMP_FORWARD_IF_FALSE, Shape::kForward, Op::kPopJumpIfFalse);
    shaped(POP_JUMP_FORWARD_IF_TRUE, Shape::kForward, Op::kPopJumpIfTrue);
    shaped(POP_JUMP_FORWARD_IF_NONE, Shape::kForward, Op::kPopJumpIfNone);
    shaped(POP_JUMP_FORWARD_IF_NOT_NONE, Shape::kForward, Op::kPopJumpIfNotNone);
    shaped(POP_JUMP_BACKWARD_IF_FALSE, Shape::kBackward, Op::kPopJumpIfFalse);
    shaped(POP_JUMP_BACKWARD_IF_TRUE, Shape::kBackward, Op::kPopJumpIfTrue);
    shaped(POP_JUMP_BACKWARD_IF_NONE, Shape::kBackward, Op::kPopJumpIfNone);
    shaped(POP_JUMP_BACKWARD_IF_NOT_NONE, Shape::kBackward, Op::kPopJumpIfNotNone);

    plain(NOP, Op::kNop);
    plain(RESUME, Op::kResume);
    plain(POP_TOP, Op::kPopTop);
    plain(PUSH_NULL, Op::kPushNull);
    plain(COPY, Op::kCopy);
    plain(SWAP, Op::kSwap);
    plain(LOAD_CONST, Op::kLoadConst);
    plain(LOAD_FAST, Op::kLoadFast);
    plain(STORE_FAST, Op::kStoreFast);
    plain(DELETE_FAST, Op::kDeleteFast);
    plain(LOAD_CLOSURE, Op::kLoadClosure);
    plain(LOAD_DEREF, Op::kLoadDeref);
    plain(STORE_DEREF, Op::kStoreDeref);
    plain(DELETE_DEREF, Op::kDeleteDeref);
    plain(LOAD_CLASSDEREF, Op::kLoadClassDeref);
    plain(MAKE_CELL, Op::kMakeCell);
    plain(COPY_FREE_VARS, Op::kCopyFreeVars);
    plain(LOAD_NAME, Op::kLoadName);
    plain(STORE_NAME, Op::kStoreName);
    plain(DELETE_NAME, Op::kDeleteName);
    plain(STORE_GLOBAL, Op::kStoreGlobal);
    plain(DELETE_GLOBAL, Op::kDeleteGlobal);
    plain(LOAD_ATTR, Op::kLoadAttr);
    plain(STORE_ATTR, Op::kStoreAttr);
    plain(DELETE_ATTR, Op::kDeleteAttr);
    plain(LOAD_METHOD, Op::kLoadMethod);
    plain(UNARY_POSITIVE, Op::kUnaryPositive);
    plain(UNARY_NEGATIVE, Op::kUnaryNegative);
    plain(UNARY_NOT, Op::kUnaryNot);
    plain(UNARY_INVERT, Op::kUnaryInvert);
    plain(BINARY_OP, Op::kBinaryOp);
    plain(COMPARE_OP, Op::kCompareOp);
    plain(IS_OP, Op::kIsOp);
    plain(CONTAINS_OP, Op::kContainsOp);
    plain(BINARY_SUBSCR, Op::kBinarySubscr);
    plain(STORE_SUBSCR, Op::kStoreSubscr);
    plain(DELETE_SUBSCR, Op::kDeleteSubscr);
    plain(BUILD_TUPLE, Op::kBuildTuple);
    plain(BUILD_LIST, Op::kBuildList);
    plain(BUILD_SET, Op::kBuildSet);
    plain(BUILD_MAP, Op::kBuildMap);
    plain(BUILD_CONST_KEY_MAP, Op::kBuildConstKeyMap);
    plain(BUILD_STRING, Op::kBuildString);
    plain(BUILD_SLICE, Op::kBuildSlice);
    plain(FORMAT_VALUE, Op::kFormatValue);
    plain(LIST_APPEND, Op::kListAppend);
    plain(LIST_EXTEND, Op::kListExtend);
    plain(LIST_TO_TUPLE, Op::kListToTuple);
    plain(SET_ADD, Op::kSetAdd);
    plain(SET_UPDATE, Op::kSetUpdate);
    plain(MAP_ADD, Op::kMapAdd);
    plain(DICT_UPDATE, Op::kDictUpdate);
    plain(DICT_MERGE, Op::kDictMerge);
    plain(UNPACK_SEQUENCE, Op::kUnpackSequence);
    plain(UNPACK_EX, Op::kUnpackEx);
    plain(GET_ITER, Op::kGetIter);
    plain(CALL, Op::kCall);
    plain(CALL_FUNCTION_EX, Op::kCallFunctionEx);
    plain(MAKE_FUNCTION, Op::kMakeFunction);
    plain(RETURN_VALUE, Op::kReturnValue);
    plain(RETURN_GENERATOR, Op::kReturnGenerator);
    plain(YIELD_VALUE, Op::kYieldValue);
    plain(ASYNC_GEN_WRAP, Op::kAsyncGenWrap);
    plain(GET_AWAITABLE, Op::kGetAwaitable);
    plain(GET_AITER, Op::kGetAIter);
    plain(GET_ANEXT, Op::kGetANext);
    plain(END_ASYNC_FOR, Op::kEndAsyncFor);
    plain(GET_YIELD_FROM_ITER, Op::kGetYieldFromIter);
    plain(BEFORE_WITH, Op::kBeforeWith);
    plain(BEFORE_ASYNC_WITH, Op::kBeforeAsyncWith);
    plain(WITH_EXCEPT_START, Op::kWithExceptStart);
    plain(PUSH_EXC_INFO, Op::kPushExcInfo);
    plain(POP_EXCEPT, Op::kPopExcept);
    plain(CHECK_EXC_MATCH, Op::kCheckExcMatch);
    plain(CHECK_EG_MATCH, Op::kCheckEgMatch);
    plain(PREP_RERAISE_STAR, Op::kPrepReraiseStar);
    plain(RERAISE, Op::kReraise);
    plain(RAISE_VARARGS, Op::kRaiseVarargs);
    plain(LOAD_ASSERTION_ERROR, Op::kLoadAssertionError);
    plain(LOAD_BUILD_CLASS, Op::kLoadBuildClass);
    plain(SETUP_ANNOTATIONS, Op::kSetupAnnotations);
    plain(IMPORT_NAME, Op::kImportName);
    plain(IMPORT_FROM, Op::kImportFrom);
    plain(IMPORT_STAR, Op::kImportStar);
    plain(MATCH_MAPPING, Op::kMatchMapping);
    plain(MATCH_SEQUENCE, Op::kMatchSequence);
    plain(MATCH_KEYS, Op::kMatchKeys);
    plain(MATCH_CLASS, Op::kMatchClass);
    plain(GET_LEN, Op::kGetLen);
    plain(PRINT_EXPR, Op::kPrintExpr);
    return rows;
}

constexpr std::array<Row, 256> kRows = makeRows();

class Decoder {
  public:
    Decoder(PyCodeObject* code, std::vector<build::Instr>* out)
        : code_(code), data_(findHostCode(code)), out_(out), quickened_(isWarm(code)) {}

    void run() {
        int size = static_cast<int>(_PyCode_NBYTES(code_));
        for (int offset = 0; offset < size;)
            offset = step(offset);
    }

  private:
    // Decodes the unit at `offset`; returns where the next one starts.
    int step(int offset) {
        const _Py_CODEUNIT* unit = unitAt(code_, offset);
        int specialized = opcodeAt(data_, code_, offset);
        int opcode = _PyOpcode_Deopt[specialized];
        int next = offset + kUnit * (1 + _PyOpcode_Caches[opcode]);
        const Row& row = kRows[static_cast<size_t>(opcode)];
        if (start_ < 0)
            start_ = offset;
        arg_ = (arg_ << 8) | _Py_OPARG(*unit);
        switch (row.shape) {
        case Shape::kExtended:
            return next;
        case Shape::kKwNames:
            kwnames_ = PyTuple_GET_ITEM(code_->co_consts, arg_);
            arg_ = 0;
            return next;
        case Shape::kPrecall:
            precall_ = unit;
            arg_ = 0;
            return next;
        case Shape::kSkip:
        case Shape::kUnknown:
            start_ = -1;
            arg_ = 0;
            return next;
        default:
            break;
        }
        emit(row, unit, specialized, offset, next);
        start_ = -1;
        arg_ = 0;
        kwnames_ = nullptr;
        precall_ = nullptr;
        return next;
    }

    void emit(const Row& row, const _Py_CODEUNIT* unit, int specialized, int offset, int next) {
        build::Instr instr;
        instr.op = row.op;
        instr.offset = offset;
        instr.resumeOffset = start_;
        instr.nextOffset = next;
        instr.arg = arg_;
        if (row.shape == Shape::kForward) {
            instr.target = next + arg_ * kUnit;
        } else if (row.shape == Shape::kBackward) {
            instr.target = next - arg_ * kUnit;
        } else if (row.shape == Shape::kGlobal) {
            instr.op = (arg_ & 1) != 0 ? Op::kLoadGlobalNull : Op::kLoadGlobal;
            instr.arg = arg_ >> 1;
        }
        if (row.op == Op::kCall) {
            instr.kwnames = kwnames_;
            if (precall_ != nullptr)
                instr.feedback = readCallFeedback(precall_, unit, quickened_);
        } else if (const LoopEdge* edge = patchedEdge(data_, offset);
                   edge && edge->comparison >= 0) {
            instr.feedback = observedOperands(*edge);
        } else {
            instr.feedback = readFeedback(unit, specialized, quickened_);
        }
        out_->push_back(instr);
    }

    static build::Feedback observedOperands(const LoopEdge& edge) {
        using Kind = build::Feedback::Kind;
        build::Feedback feedback;
        switch (edge.operandsSeen) {
        case 0:
            feedback.kind = Kind::kNone;
            break;
        case kSeenInts:
            feedback.kind = Kind::kIntInt;
            break;
        case kSeenFloats:
            feedback.kind = Kind::kFloatFloat;
            break;
        case kSeenStrings:
            feedback.kind = Kind::kStrStr;
            break;
        default:
            feedback.kind = Kind::kGeneric;
            break;
        }
        return feedback;
    }

    PyCodeObject* code_;
    const HostCode* data_;
    std::vector<build::Instr>* out_;
    bool quickened_;
    int start_ = -1; // offset of the first prefix
    int arg_ = 0;
    Object* kwnames_ = nullptr;
    const _Py_CODEUNIT* precall_ = nullptr;
};

std::vector<build::Handler> decodeHandlers(PyObject* table) {
    std::vector<build::Handler> handlers;
    forEachExceptionEntry(table, [&](const ExceptionEntry& entry) {
        handlers.push_back({entry.start * kUnit, (entry.start + entry.length) * kUnit,
                            entry.target * kUnit, entry.depth, entry.pushesLasti});
        return true;
    });
    return handlers;
}

// Entries of a length in code units and what the line differs by from the entry before
// (Objects/locations.md). The first byte of each, and no other, has the highest bit.
void addLines(const PyCodeObject* code, std::vector<build::Instr>& instrs) {
    auto* position = reinterpret_cast<unsigned char*>(PyBytes_AS_STRING(code->co_linetable));
    auto* end = position + PyBytes_GET_SIZE(code->co_linetable);
    constexpr int kFirstOfOneLine = 10, kLastOfOneLine = 12, kNoColumns = 13, kNone = 15;
    int offset = 0;
    int line = code->co_firstlineno;
    auto instr = instrs.begin();
    while (position < end) {
        const int kind = (*position >> 3) & 15;
        offset += ((*position & 7) + 1) * kUnit;
        const unsigned char* numbers = ++position;
        while (position < end && (*position & 0x80) == 0)
            ++position;
        if (kind >= kFirstOfOneLine && kind <= kLastOfOneLine) {
            line += kind - kFirstOfOneLine;
        } else if (kind == kNoColumns || kind == kNoColumns + 1) {
            unsigned difference = 0; // little-endian in 6-bit groups, the sign in the lowest bit
            int shift = 0;
            for (; numbers < position; ++numbers, shift += 6) {
                difference |= (*numbers & 63u) << shift;
                if ((*numbers & 64) == 0)
                    break;
            }
            const auto size = static_cast<int>(difference >> 1);
            line += (difference & 1) != 0 ? -size : size;
        }
        for (; instr != instrs.end() && instr->offset < offset; ++instr)
            instr->line = kind == kNone ? 0 : line;
    }
}

std::vector<Object*> items(PyObject* tuple) {
    PyObject** first = reinterpret_cast<PyTupleObject*>(tuple)->ob_item;
    return {first, first + PyTuple_GET_SIZE(tuple)};
}

} // namespace

build::Bytecode decode(Object* object) {
    auto* code = reinterpret_cast<PyCodeObject*>(object);
    build::Bytecode bytecode;
    bytecode.code = object;
    if (const char* name = PyUnicode_AsUTF8(code->co_qualname))
        bytecode.name = name;
    else
        PyErr_Clear();
    const OriginalEntry original(findHostCode(code));
    bytecode.instrs.reserve(static_cast<size_t>(Py_SIZE(code)) / 2);
    Decoder(code, &bytecode.instrs).run();
    addLines(code, bytecode.instrs);
    bytecode.handlers = decodeHandlers(code->co_exceptiontable);
    bytecode.consts = items(code->co_consts);
    bytecode.names = items(code->co_names);
    const char* kinds = PyBytes_AS_STRING(code->co_localspluskinds);
    bytecode.slotKinds.assign(kinds, kinds + code->co_nlocalsplus);
    bytecode.numSlots = code->co_nlocalsplus;
    bytecode.numLocals = code->co_nlocals;
    bytecode.stackSize = code->co_stacksize;
    bytecode.argCount = code->co_argcount;
    bytecode.kwOnlyCount = code->co_kwonlyargcount;
    bytecode.flags = code->co_flags;
    return bytecode;
}

int instructionAddressOffset() {
    return static_cast<int>(offsetof(PyCodeObject, co_code_adaptive));
}

} // namespace pyston::host
