# SPDX-License-Identifier: GPL-3.0-or-later
# Writes the source with the compiled descriptions of terminals for terminfo.h. Run by CMake as a script:
# -DINFOCMP=… -DOUTPUT=…
set(entries "")
foreach(type linux vt220)
  execute_process(COMMAND ${INFOCMP} -Q2 ${type} OUTPUT_VARIABLE text RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "infocmp does not know the terminal ${type}; the package ncurses-base has it")
  endif()
  string(REGEX REPLACE "#[^\n]*\n" "" text "${text}")
  string(REGEX REPLACE "[ \t\n]" "" text "${text}")
  string(APPEND entries "    {\"${type}\", \"${text}\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// SPDX-License-Identifier: GPL-3.0-or-later
#include \"screen/terminfo.h\"

namespace mend::screen {

const std::array<BuiltInTerminal, 2> kBuiltInTerminals = {{
${entries}}};

}  // namespace mend::screen
")
