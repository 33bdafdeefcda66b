# Included by CLASS's Makefile (patches/build.patch): compile and link the sources of this folder.
vpath %.c external/sidr
INCLUDES += -I../external/sidr
EXTERNAL += input_sidr.o background_sidr.o quadrature_sidr.o perturbations_sidr.o perturbations_ini_sidr.o
EXTERNAL += negative_mass_sidr.o ncdm_streaming_sidr.o lensing_sidr.o
HEADERFILES += $(wildcard ./external/sidr/*.h)
