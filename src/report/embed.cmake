# SPDX-License-Identifier: GPL-3.0-or-later
# cmake -D OUTPUT=F.cc -D FOLDER=page -P embed.cmake: the page's files as C++ strings. The scripts are one, in the order
# of SCRIPTS. A compiler takes a literal of 64 KiB at most, so each file becomes an array of bytes.
set(SCRIPTS text.js data.js summary.js table.js details.js page.js)

function(embed name)
  set(hex "")
  foreach(file IN LISTS ARGN)
    file(READ ${FOLDER}/${file} part HEX)
    string(APPEND hex ${part})
  endforeach()
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
  string(APPEND content "constexpr unsigned char k${name}Bytes[] = {\n${bytes}};\n")
  set(content "${content}" PARENT_SCOPE)
endfunction()

set(content "// Made by embed.cmake.\n#include \"report/page_files.h\"\n\nnamespace mend::report {\nnamespace {\n")
embed(PageHtml page.html)
embed(PageStyle page.css)
embed(PageScript ${SCRIPTS})
string(APPEND content "}  // namespace\n")
foreach(name PageHtml PageStyle PageScript)
  string(APPEND content "const std::string_view k${name}{reinterpret_cast<const char*>(k${name}Bytes), sizeof k${name}Bytes};\n")
endforeach()
string(APPEND content "}  // namespace mend::report\n")
file(WRITE ${OUTPUT} "${content}")
