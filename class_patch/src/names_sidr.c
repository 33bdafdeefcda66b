/** @file names_sidr.c Names of the precision parameters of CLASS, from their declarations. */

#include "sidr.h"

/**
 * @param i Input: number of a precision parameter, from 0 on
 * @return its name, NULL beyond the last one
 */
const char * precision_name_sidr(int i) {

  int n = 0;

  /* what precisions.h is made of becomes statements; files of tables are no settings */
#define class_precision_parameter(NAME,TYPE,DEF_VALUE) if (n++ == i) return #NAME;
#define class_type_parameter(NAME,READ_TP,REAL_TP,DEF_VALUE) if (n++ == i) return #NAME;
#define class_string_parameter(NAME,DIR,STRING)

#include "precisions.h"

  return NULL;
}
