#include "passes/constants.h"

namespace pyston::passes {

namespace {
ConstantValues values;
}

void setConstantValues(const ConstantValues& known) {
    values = known;
}
const ConstantValues& constantValues() {
    return values;
}

} // namespace pyston::passes
