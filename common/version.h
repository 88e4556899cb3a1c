/* The version of all programs, as --version prints it. */
#pragma once

#define DATAFLOW_VERSION "0.1.0"
